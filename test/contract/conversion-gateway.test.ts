import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createBreaker } from '../../src/integrations/conversion-gateway/breaker.ts';
import { createGateway, type GatewayOptions } from '../../src/integrations/conversion-gateway/client.ts';
import type { PdfSource } from '../../src/integrations/conversion-gateway/port.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import {
  type FakeGateway,
  type GatewayAnswer,
  goodXml,
  startFakeGateway,
  statusAnswer,
  xmlAnswer,
} from '../support/fake-gateway.ts';
import { until } from '../support/platform.ts';

const pdf = Buffer.from(`%PDF-1.7\n${'x'.repeat(100_000)}`);
const never = new AbortController().signal;

let gateway: FakeGateway;
let dir: string;
beforeAll(async () => {
  gateway = await startFakeGateway();
  dir = await mkdtemp(join(tmpdir(), 'millrace-gateway-'));
});
afterEach(() => gateway.meetWith(undefined));
afterAll(async () => {
  await gateway.close();
  await rm(dir, { recursive: true, force: true });
});

const source = (bytes: Buffer = pdf, length = bytes.length): PdfSource => ({
  fileName: 'document.pdf',
  bytes: length,
  open: async () => Readable.from([bytes]),
});

/** A client with a breaker that stays out of the way. */
const client = (options: Partial<GatewayOptions> = {}) =>
  createGateway({
    url: gateway.url,
    timeoutMs: 20_000,
    breaker: createBreaker({ failures: 1_000 }),
    ...options,
  });

const convert = (options: Partial<GatewayOptions> = {}, from = source(), signal = never) =>
  client(options).convert(from, 'default', (xml) => text(xml), signal);

/** What is left where results are kept, whatever its name. */
async function keptFiles(): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

describe('a conversion by the gateway', () => {
  it('sends the form that the gateway reads, and gives its answer', async () => {
    gateway.answerWith(xmlAnswer());
    expect(await convert()).toEqual({ kept: goodXml, lineItems: undefined });
    const request = gateway.requests.at(-1);
    expect(request).toMatchObject({
      method: 'POST',
      path: '/process',
      fields: { mapping: 'default.json', pretty: '1' },
      fileName: 'document.pdf',
      fileType: 'application/pdf',
      headers: { accept: 'application/xml' },
    });
    expect(request?.file.equals(pdf)).toBe(true);
    expect(Number(request?.headers['content-length'])).toBeGreaterThan(pdf.length);
  });

  it('sends a file of unknown length in chunks', async () => {
    await convert({}, { ...source(), bytes: undefined });
    expect(gateway.requests.at(-1)?.headers['transfer-encoding']).toBe('chunked');
    expect(gateway.requests.at(-1)?.file.equals(pdf)).toBe(true);
  });

  it('passes answers in any encoding on as they are, byte by byte', async () => {
    const latin1 = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\u00fc</a>', 'latin1');
    const utf16 = Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><a>\u00fc</a>', 'utf16le');
    const marked = Buffer.from('\ufeff<a>\u00fc</a>');
    for (const xml of [latin1, utf16, marked]) {
      gateway.answerWith(xmlAnswer(xml));
      const { kept } = await client().convert(source(), 'default', (stream) => buffer(stream), never);
      expect(kept.equals(xml)).toBe(true);
    }
  });
});

describe('a refusal of the gateway', () => {
  it.each([
    [400, 'GW_4XX', false],
    [401, 'GW_4XX', false],
    [404, 'GW_4XX', false],
    [406, 'GW_4XX', false],
    [413, 'TOO_LARGE', false],
    [415, 'GW_4XX', false],
    [302, 'GW_4XX', false],
    [408, 'GW_TIMEOUT', true],
    [500, 'GW_5XX', true],
    [502, 'GW_5XX', true],
    [503, 'GW_5XX', true],
  ])('of %i is %s, and tried again: %s', async (status, code, retryable) => {
    gateway.answerWith(statusAnswer(status, '{"detail":"no such\\u0000 <b>mapping</b>"}'));
    await expect(convert()).rejects.toMatchObject({ code, retryable, retryAfterMs: undefined });
    await expect(convert()).rejects.toThrow('mapping');
  });

  it('of 429 waits as it is told', async () => {
    gateway.answerWith(statusAnswer(429, '', { 'Retry-After': '7' }));
    await expect(convert()).rejects.toMatchObject({ code: 'GW_5XX', retryAfterMs: 7_000 });
  });

  it('that comes while the file is still going up is heard', async () => {
    gateway.meetWith((request, response) => {
      response.writeHead(413).end('too large');
      request.resume();
    });
    const endless = async function* () {
      for (let part = 0; part < 2_000; part++) yield Buffer.alloc(64 * 1024);
    };
    const large = { fileName: 'a.pdf', bytes: undefined, open: async () => Readable.from(endless()) };
    await expect(convert({}, large)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });
});

const reset: GatewayAnswer = (response) => {
  response.destroy();
};
const half = '<?xml version="1.0"?><a>half of an answer that';

describe('an answer that goes wrong', () => {
  it.each<[string, GatewayAnswer, string, boolean]>([
    ['never comes, the connection being reset', reset, 'GW_5XX', true],
    [
      'is broken off in the middle',
      (response) => {
        response.writeHead(200, { 'Content-Type': 'application/xml', 'Content-Length': '1000' });
        response.write(half, () => response.destroy());
      },
      'GW_5XX',
      true,
    ],
    ['is cut short and ends in order', xmlAnswer(half), 'BAD_XML', true],
    ['is not well-formed', xmlAnswer('<a><b></a></b>'), 'BAD_XML', true],
    ['is no XML', xmlAnswer('Sorry.'), 'BAD_XML', true],
    ['is empty', xmlAnswer(''), 'BAD_XML', true],
    ['holds a character that XML forbids', xmlAnswer('<a>\u0001</a>'), 'BAD_XML', true],
    [
      'names an entity that is none',
      xmlAnswer('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'),
      'BAD_XML',
      true,
    ],
    [
      'holds bytes that are no text',
      xmlAnswer(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e])),
      'BAD_XML',
      true,
    ],
    [
      'names an encoding that is none',
      xmlAnswer('<?xml version="1.0" encoding="x-none"?><a/>'),
      'BAD_XML',
      true,
    ],
    [
      'is a web page',
      (response) => void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html></html>'),
      'BAD_XML',
      true,
    ],
  ])('since it %s, leaves no part of a result', async (_what, answer, code, retryable) => {
    gateway.answerWith(answer);
    const storage = createLocalStorage({ dir });
    const kept = client().convert(source(), 'default', (xml) => storage.put('results/c.xml', xml), never);
    await expect(kept).rejects.toMatchObject({ code, retryable });
    expect(await keptFiles()).toEqual([]);
  });

  it('since nobody listens, is tried again', async () => {
    const dead = await startFakeGateway();
    await dead.close();
    await expect(convert({ url: dead.url })).rejects.toMatchObject({ code: 'GW_5XX', retryable: true });
  });

  it.each<[string, GatewayAnswer]>([
    ['does not begin', () => undefined],
    [
      'stops in the middle',
      (response) => {
        response.writeHead(200, { 'Content-Type': 'application/xml' });
        response.write(half);
      },
    ],
  ])('since it %s, runs into the timeout', async (_what, answer) => {
    gateway.answerWith(answer);
    await expect(convert({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'GW_TIMEOUT', retryable: true });
  });

  it('since the job was stopped, gives the reason of the stop', async () => {
    const stopped = new AbortController();
    gateway.answerWith(() => stopped.abort(new Error('The worker stops.')));
    await expect(convert({}, source(), stopped.signal)).rejects.toThrow('The worker stops.');
  });
});

describe('a large answer', () => {
  const row = Buffer.from(`<row>${'0123456789'.repeat(6_553)}</row>`);

  /** Writes rows as fast as they are taken; tells how much has gone out. */
  function rows(megabytes: number): { answer: GatewayAnswer; sent(): number } {
    let sent = 0;
    return {
      sent: () => sent,
      answer: async (response) => {
        response.writeHead(200, { 'Content-Type': 'application/xml' });
        response.write('<rows>');
        while (sent < megabytes * 2 ** 20 && !response.destroyed) {
          sent += row.length;
          if (!response.write(row)) await once(response, 'drain').catch(() => undefined);
        }
        response.end('</rows>');
      },
    };
  }

  it('of nearly 100 MB passes through, and is never held', async () => {
    const large = rows(99);
    gateway.answerWith(large.answer);
    let bytes = 0;
    let ahead = 0;
    await client().convert(
      source(),
      'default',
      async (xml) => {
        for await (const chunk of xml) {
          bytes += chunk.length;
          ahead = Math.max(ahead, large.sent() - bytes);
          // A slow disk: what the gateway could send meanwhile must wait at its side.
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
      never,
    );
    expect(bytes).toBeGreaterThan(98 * 2 ** 20);
    expect(ahead).toBeLessThan(20 * 2 ** 20);
  });

  it('above 100 MB is given up, and no part of it is kept', async () => {
    gateway.answerWith(rows(130).answer);
    const storage = createLocalStorage({ dir });
    const kept = client().convert(source(), 'default', (xml) => storage.put('results/large.xml', xml), never);
    await expect(kept).rejects.toMatchObject({ code: 'TOO_LARGE', retryable: false });
    expect(await keptFiles()).toEqual([]);
  });
});

describe('an upload that cannot be read', () => {
  it.each<[string, PdfSource]>([
    ['breaks off', { ...source(), open: async () => Readable.from(failing()) }],
    ['is shorter than it was', source(pdf, pdf.length + 5)],
    ['is longer than it was', source(pdf, pdf.length - 5)],
  ])('since it %s, is our own fault and not the gateway’s', async (_what, from) => {
    gateway.answerWith(xmlAnswer());
    await expect(convert({}, from)).rejects.toMatchObject({ code: 'IO_ERROR' });
  });

  async function* failing() {
    yield pdf;
    throw new Error('EIO');
  }

  it('and a result that cannot be kept gives its own error', async () => {
    gateway.answerWith(xmlAnswer());
    const full = client().convert(source(), 'default', () => Promise.reject(new Error('disk full')), never);
    await expect(full).rejects.toThrow('disk full');
  });
});

describe('the breaker', () => {
  it('opens after failures in a row, keeps calls away at no cost, tries one, and closes', async () => {
    const states: string[] = [];
    const breaker = createBreaker({ failures: 3, openMs: 100, onChange: (state) => states.push(state) });
    const call = () => convert({ breaker });
    gateway.answerWith(statusAnswer(500));
    for (let failure = 0; failure < 3; failure++) {
      await expect(call()).rejects.toMatchObject({ code: 'GW_5XX', retryAfterMs: undefined });
    }
    expect(states).toEqual(['open']);
    const before = gateway.begun;
    const kept = await Promise.allSettled([call(), call(), call()]);
    // The time that it stays open may have passed: then one of them was the try.
    expect(gateway.begun - before).toBeLessThanOrEqual(1);
    const waiting = kept.filter((one) => one.status === 'rejected' && one.reason.retryAfterMs >= 100);
    expect(waiting.length).toBeGreaterThanOrEqual(2);

    gateway.answerWith(xmlAnswer());
    await until('the breaker to close', () =>
      call().then(
        () => true,
        () => false,
      ),
    );
    expect(states.at(-1)).toBe('closed');
    await Promise.all([call(), call()]);
  });

  it('stays closed for refusals, bad XML and faults of ours', async () => {
    const breaker = createBreaker({ failures: 2, openMs: 60_000 });
    gateway.answerWith(statusAnswer(406));
    for (let call = 0; call < 4; call++) {
      await expect(convert({ breaker })).rejects.toMatchObject({ code: 'GW_4XX' });
    }
    gateway.answerWith(xmlAnswer('<a>'));
    for (let call = 0; call < 4; call++)
      await expect(convert({ breaker })).rejects.toMatchObject({ code: 'BAD_XML' });
    gateway.answerWith(xmlAnswer());
    await expect(convert({ breaker })).resolves.toBeDefined();
  });
});
