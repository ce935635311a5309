import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWebhookSender, type WebhookOptions } from '../../src/integrations/webhooks/sender.ts';
import { signedHeaders } from '../../src/integrations/webhooks/signature.ts';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const wanted = new AbortController().signal;
const body = { type: 'cer.report.completed', data: { device: 'Pumpe „V2“ ≥ 5 %' } };

describe('a webhook', () => {
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let received: {
    headers: IncomingMessage['headers'];
    text: string;
    method: string | undefined;
    url: string | undefined;
  }[];
  let port: number;
  let close: () => Promise<void>;
  beforeEach(async () => {
    received = [];
    answer = (_request, response) => response.writeHead(204).end();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { headers, method, url } = request;
        received.push({ headers, method, url, text: Buffer.concat(chunks).toString() });
        answer(request, response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
    close = async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
  });
  afterEach(() => close());

  const sender = (options: Partial<WebhookOptions> = {}) =>
    createWebhookSender({ secret, allowed: ['127.0.0.0/8'], timeoutMs: 60_000, ...options });
  const send = (
    options: Partial<WebhookOptions> = {},
    url = `http://127.0.0.1:${port}/hook?x=1`,
    signal = wanted,
  ) => sender(options).send({ url, id: 'msg_1', body }, signal);

  it('is verified by the standard’s own library, and by nothing but its secret', async () => {
    expect(await send()).toEqual({ httpStatus: 204 });
    const [{ headers, text, method, url } = { headers: {}, text: '', method: '', url: '' }] = received;
    expect([method, url, headers['content-type'], headers['webhook-id']]).toEqual([
      'POST',
      '/hook?x=1',
      'application/json',
      'msg_1',
    ]);
    const given = {
      'webhook-id': String(headers['webhook-id']),
      'webhook-timestamp': String(headers['webhook-timestamp']),
      'webhook-signature': String(headers['webhook-signature']),
    };
    expect(new Webhook(secret).verify(text, given)).toEqual(body);
    expect(() => new Webhook(secret).verify(text.replace('V2', 'V3'), given)).toThrow();
    expect(() => new Webhook(randomBytes(32).toString('base64')).verify(text, given)).toThrow();
  });

  it('signs as the library does, whatever it carries', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 1, max: 4_000_000_000 }),
        (bytes, text, at) => {
          const key = `whsec_${Buffer.from(bytes).toString('base64')}`;
          const ours = signedHeaders(key, { id: 'msg_x', at, body: text })['webhook-signature'];
          expect(ours).toBe(new Webhook(key).sign('msg_x', new Date(at * 1_000), text));
        },
      ),
    );
  });

  it('bears the time of each try, and the id of the first', async () => {
    await send({ clock: () => 1_700_000_000_999 });
    await send({ clock: () => 1_700_000_060_000 });
    expect(received.map(({ headers }) => headers['webhook-timestamp'])).toEqual(['1700000000', '1700000060']);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it.each([
    [200, undefined],
    [299, undefined],
    [410, { code: 'WEBHOOK_REFUSED', retryable: false }],
    [302, { code: 'WEBHOOK_REFUSED', retryable: false }],
    [308, { code: 'WEBHOOK_REFUSED', retryable: false }],
    [400, { code: 'WEBHOOK_UNAVAILABLE', retryable: true }],
    [404, { code: 'WEBHOOK_UNAVAILABLE', retryable: true }],
    [500, { code: 'WEBHOOK_UNAVAILABLE', retryable: true }],
    [503, { code: 'WEBHOOK_UNAVAILABLE', retryable: true }],
    [429, { code: 'WEBHOOK_UNAVAILABLE', retryAfterMs: 7_000 }],
  ] as const)('that is answered with %i comes to %o', async (status, outcome) => {
    answer = (_request, response) =>
      response
        .writeHead(status, { location: 'http://169.254.169.254/', 'retry-after': '7' })
        .end('x'.repeat(10_000));
    if (outcome === undefined) expect(await send()).toEqual({ httpStatus: status });
    else await expect(send()).rejects.toMatchObject(outcome);
    expect(received).toHaveLength(1);
  });

  it.each([
    ['a receiver that says nothing', () => undefined, 300, 'no answer within 0.3 s'],
    [
      'a receiver that hangs up',
      (request: IncomingMessage) => request.socket.destroy(),
      60_000,
      'did not take',
    ],
  ])('is tried again after %s', async (_what, behave, timeoutMs, said) => {
    answer = behave;
    await expect(send({ timeoutMs })).rejects.toMatchObject({
      code: 'WEBHOOK_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining(said),
    });
  });

  it('does not wait for a body that never ends', async () => {
    answer = (_request, response) => void response.writeHead(200).write('begun');
    expect(await send()).toEqual({ httpStatus: 200 });
  });

  it('stops with its job', async () => {
    const stop = new AbortController();
    answer = () => stop.abort(new Error('told to'));
    await expect(send({}, undefined, stop.signal)).rejects.toThrow('told to');
  });

  it.each([
    ['http://127.0.0.1/', 'public internet'],
    ['http://[::1]/', 'public internet'],
    ['http://169.254.169.254/latest/meta-data', 'public internet'],
    ['http://0x7f.1/', 'public internet'],
    ['http://localhost:1/', 'public internet'],
    ['https://user:password@example.org/', 'name or password'],
    ['ftp://example.org/', 'http and https'],
    ['nonsense', 'http and https'],
  ])('is not sent to %s', async (url, said) => {
    await expect(send({ allowed: [] }, url)).rejects.toMatchObject({
      code: 'WEBHOOK_REFUSED',
      retryable: false,
      message: expect.stringContaining(said),
    });
    expect(received).toEqual([]);
  });

  it('goes to the very address that was checked, whatever its name leads to the next moment', async () => {
    const lookups: string[] = [];
    const resolve: WebhookOptions['resolve'] = (host, _options, found) => {
      lookups.push(host);
      found(null, [{ address: lookups.length === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]);
    };
    expect(await send({ resolve }, `http://receiver.example:${port}/`)).toEqual({ httpStatus: 204 });
    expect(lookups).toEqual(['receiver.example']);
    await expect(send({ resolve }, `http://receiver.example:${port}/`)).rejects.toMatchObject({
      code: 'WEBHOOK_REFUSED',
    });
  });
});
