import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createFetcher } from '../../src/integrations/attachments/fetcher.ts';

const never = new AbortController().signal;
const loopback = { allowed: ['127.0.0.0/8'] };
const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  // An address of a server that listens on TCP is never a path.
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(async (server) => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }),
  );
});

describe('the fetcher of attachments', () => {
  it('gets a file, its name and where it came from', async () => {
    const base = await serve((request, response) => {
      expect(request.headers['accept-encoding']).toBe('identity');
      response.setHeader(
        'content-disposition',
        `attachment; filename="x.pdf"; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf`,
      );
      response.end('content');
    });
    const { bytes, url, fileName } = await createFetcher(loopback).fetch(`${base}/files/1?key=secret`, never);
    expect(Buffer.from(bytes).toString()).toBe('content');
    expect({ url, fileName }).toEqual({ url: `${base}/files/1?key=secret`, fileName: 'Résumé.pdf' });
  });

  it('sends nothing to an address inside, by its digits, by name, or after a redirect', async () => {
    let asked = 0;
    const base = await serve((_request, response) => {
      asked += 1;
      response.end('secret');
    });
    const { port } = new URL(base);
    const refused = { code: 'ATTACHMENT_REFUSED', retryable: false };
    const strict = createFetcher();
    for (const url of [
      base,
      `http://localhost:${port}/`,
      `http://[::1]:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      `http://2130706433:${port}/`,
      `http://0x7f.1:${port}/`,
      `http://user:pass@127.0.0.1:${port}/`,
      'http://169.254.169.254/latest/meta-data/',
      'file:///etc/passwd',
      'ftp://example.com/x',
      'nonsense',
    ])
      await expect(strict.fetch(url, never), url).rejects.toMatchObject(refused);
    expect(asked).toBe(0);

    const redirecting = await serve((request, response) => {
      response
        .writeHead(302, {
          location: `http://${request.url === '/name' ? 'localhost' : '127.0.0.2'}:${port}/`,
        })
        .end();
    });
    const oneHost = createFetcher({
      allowed: ['127.0.0.1/32'],
      resolve: (_host, _options, answer) => answer(null, [{ address: '127.0.0.3', family: 4 }]),
    });
    await expect(oneHost.fetch(`${redirecting}/name`, never)).rejects.toMatchObject(refused);
    await expect(oneHost.fetch(`${redirecting}/digits`, never)).rejects.toMatchObject(refused);
    expect(asked).toBe(0);
  });

  it('connects to the address that was checked, though the name resolves to another one the next time', async () => {
    const base = await serve((_request, response) => response.end('outside'));
    const answers = ['127.0.0.1', '10.0.0.1'];
    let lookups = 0;
    const fetcher = createFetcher({
      allowed: ['127.0.0.1/32'],
      resolve: (_host, _options, answer) =>
        answer(null, [{ address: answers[Math.min(lookups++, 1)] ?? '', family: 4 }]),
    });
    const url = `http://rebinding.example:${new URL(base).port}/`;
    expect(Buffer.from((await fetcher.fetch(url, never)).bytes).toString()).toBe('outside');
    expect(lookups).toBe(1);
    await expect(fetcher.fetch(url, never)).rejects.toMatchObject({ code: 'ATTACHMENT_REFUSED' });
  });

  it('follows five redirects and no sixth', async () => {
    const base = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('here');
      else response.writeHead(left % 2 === 0 ? 301 : 307, { location: `/${left - 1}` }).end();
    });
    const fetcher = createFetcher(loopback);
    expect(Buffer.from((await fetcher.fetch(`${base}/5`, never)).bytes).toString()).toBe('here');
    await expect(fetcher.fetch(`${base}/6`, never)).rejects.toMatchObject({
      code: 'ATTACHMENT_UNAVAILABLE',
      retryable: false,
    });
  });

  it('stops at the limit of size: announced, in chunks, and inside an encoding', async () => {
    const base = await serve((request, response) => {
      if (request.url === '/announced') response.writeHead(200, { 'content-length': '5000' }).flushHeaders();
      else if (request.url === '/gzip')
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000)));
      else {
        const more = () => {
          if (response.write(Buffer.alloc(500))) setImmediate(more);
          else response.once('drain', more);
        };
        response.on('error', () => undefined);
        if (request.url === '/chunks') more();
        else response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('small'));
      }
    });
    const fetcher = createFetcher({ ...loopback, maxBytes: 4_000 });
    for (const path of ['announced', 'chunks', 'gzip'])
      await expect(fetcher.fetch(`${base}/${path}`, never), path).rejects.toMatchObject({
        code: 'ATTACHMENT_TOO_LARGE',
        retryable: false,
      });
    expect(Buffer.from((await fetcher.fetch(`${base}/small`, never)).bytes).toString()).toBe('small');
  });

  it('says what an answer without a file means, and whether it is worth another try', async () => {
    const base = await serve((request, response) => {
      const status = Number(request.url?.slice(1));
      response.writeHead(status, status === 429 ? { 'retry-after': '7' } : {}).end();
    });
    const fetcher = createFetcher(loopback);
    for (const [status, retryable] of [
      [404, false],
      [403, false],
      [410, false],
      [408, true],
      [500, true],
      [503, true],
    ])
      await expect(fetcher.fetch(`${base}/${status}`, never)).rejects.toMatchObject({
        code: 'ATTACHMENT_UNAVAILABLE',
        retryable,
      });
    await expect(fetcher.fetch(`${base}/429`, never)).rejects.toMatchObject({
      code: 'ATTACHMENT_UNAVAILABLE',
      retryAfterMs: 7_000,
    });
  });

  it('tries again what broke off or was never there', async () => {
    const base = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    const retried = { code: 'ATTACHMENT_UNAVAILABLE', retryable: true };
    await expect(createFetcher(loopback).fetch(base, never)).rejects.toMatchObject(retried);
    const gone = createFetcher({
      ...loopback,
      resolve: (_host, _options, answer) => answer(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []),
    });
    await expect(gone.fetch('http://files.example/', never)).rejects.toMatchObject(retried);
  });

  it('gives up on a server that never ends, and stops when it is told to', async () => {
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    const base = await serve((_request, response) => {
      response.write('a');
      resolve();
    });
    await expect(createFetcher({ ...loopback, timeoutMs: 200 }).fetch(base, never)).rejects.toMatchObject({
      code: 'ATTACHMENT_UNAVAILABLE',
      retryable: true,
    });
    const stop = new AbortController();
    const fetching = createFetcher(loopback).fetch(base, stop.signal);
    const reason = new Error('the worker is stopping');
    await reached;
    stop.abort(reason);
    await expect(fetching).rejects.toBe(reason);
  });
});
