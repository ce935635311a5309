import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { startFauxqs } from 'fauxqs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createS3Storage, partBytes, type S3Options } from '../../src/integrations/storage/s3.ts';
import { type FakeS3, type FakeS3Options, startFakeS3 } from '../support/fake-s3.ts';
import { heldBytes } from '../support/held-bytes.ts';
import { describeStorage } from './storage.ts';

const keys = { accessKeyId: 'AKIDOFTESTS', secretAccessKey: 'a-secret-of-the-tests' };
const place = { bucket: 'the-documents', region: 'eu-central-1' };
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

/** Folders of uploads in parts that `fauxqs` has open. */
describeStorage('s3 on fauxqs', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-s3-'));
  const server = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1', s3StorageDir: dir });
  server.createBucket(place.bucket);
  return {
    storage: createS3Storage({ ...place, ...keys, endpoint: `http://127.0.0.1:${server.port}` }),
    leftovers: () => readdir(join(dir, '_multipart')),
    async close() {
      await server.stop();
      await rm(dir, { recursive: true });
    },
  };
});

describeStorage('s3 that checks signatures', async () => {
  const server = await startFakeS3({ ...place, ...keys, clock: Date.now });
  return {
    storage: createS3Storage({ ...place, ...keys, endpoint: server.url }),
    leftovers: async () => [
      ...server.openUploads,
      ...[...server.objects.keys()].filter((key) => key.startsWith('.')),
    ],
    close: () => server.close(),
  };
});

async function open(
  rules: Partial<FakeS3Options> = {},
  options: Partial<S3Options> = {},
): Promise<{ server: FakeS3; storage: ReturnType<typeof createS3Storage> }> {
  const server = await startFakeS3({ ...place, ...keys, clock: Date.now, ...rules });
  onTestFinished(() => server.close());
  return { server, storage: createS3Storage({ ...place, ...keys, endpoint: server.url, ...options }) };
}

async function read(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** `count` chunks of a megabyte, each filled with its number. */
async function* megabytes(count: number, onGiven: (given: number) => void = () => undefined) {
  for (let given = 1; given <= count; given += 1) {
    onGiven(given);
    yield Buffer.alloc(1024 * 1024, given);
  }
}

describe('a large file in S3', () => {
  it('goes up in parts and comes back the same', async () => {
    const { server, storage } = await open();
    const content = await read(Readable.from(megabytes(21)));
    const stored = await storage.put('exports/big.csv', Readable.from(megabytes(21)));
    expect(stored).toEqual({ key: 'exports/big.csv', bytes: content.length, sha256: sha256(content) });
    expect((await read(await storage.get('exports/big.csv'))).equals(content)).toBe(true);
    expect(server.objects.get('exports/big.csv')?.contentType).toBe('text/csv; charset=utf-8');
    expect(server.requests.filter((line) => line.includes('partNumber'))).toHaveLength(3);
    expect(server.openUploads).toEqual([]);
  });

  it('of exactly one part is one request, and one byte more is two parts', async () => {
    const { server, storage } = await open();
    await storage.put('a', Buffer.alloc(partBytes));
    expect(server.requests).toEqual(['PUT /the-documents/a x-id']);
    await storage.put('b', Buffer.alloc(partBytes + 1));
    expect(server.requests.filter((line) => line.includes('partNumber'))).toHaveLength(2);
    expect(server.objects.get('b')?.bytes).toBe(partBytes + 1);
  });

  it('is never held in memory beyond the parts that are under way', { timeout: 120_000 }, async () => {
    const { server, storage } = await open({ forgetful: true });
    const before = heldBytes();
    let mostAhead = 0;
    let heldAtEnd = 0;
    const watched = megabytes(250, (given) => {
      mostAhead = Math.max(mostAhead, given * 1024 * 1024 - server.received);
      if (given === 250) heldAtEnd = heldBytes() - before;
    });
    await storage.put('big', Readable.from(watched, { highWaterMark: 1 }));
    expect(server.objects.get('big')?.bytes).toBe(250 * 1024 * 1024);
    // Four under way, one being filled and one handed over, and what the stream holds.
    expect(mostAhead).toBeLessThanOrEqual(6 * partBytes + 2 * 1024 * 1024);
    // The server, in the same process, holds those under way as well, in chunks and whole.
    expect(heldAtEnd).toBeLessThan(16 * partBytes);
  });

  it('leaves no parts behind when a part is refused, and stops reading', async () => {
    const { server, storage } = await open();
    server.misbehave(/partNumber/, { status: 403, code: 'AccessDenied' });
    let given = 0;
    const source = Readable.from(megabytes(500, (now) => (given = now)));
    await expect(storage.put('big', source)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      retryable: false,
    });
    expect(server.openUploads).toEqual([]);
    expect(server.objects.has('big')).toBe(false);
    expect(given).toBeLessThan(100);
    expect(source.destroyed).toBe(true);
  });

  it('leaves no parts behind when its source fails after some, or says nothing and is stopped', async () => {
    const { server, storage } = await open();
    const broken = new Error('the source broke');
    async function* breaking() {
      yield* megabytes(20);
      throw broken;
    }
    await expect(storage.put('big', Readable.from(breaking()))).rejects.toBe(broken);
    expect(server.openUploads).toEqual([]);

    const stop = new AbortController();
    const silent = Promise.withResolvers<void>();
    async function* silentAfter() {
      yield* megabytes(20);
      await silent.promise;
    }
    const putting = storage.put('silent', Readable.from(silentAfter()), stop.signal);
    await server.requested(/PUT \/the-documents\/silent partNumber/);
    const reason = new Error('the worker is stopping');
    stop.abort(reason);
    silent.resolve();
    await expect(putting).rejects.toBe(reason);
    expect(server.openUploads).toEqual([]);
    expect(server.objects.size).toBe(0);
  });

  it('is stopped while S3 says nothing', async () => {
    const { server, storage } = await open();
    server.misbehave(/partNumber/, 'hang', 'hang', 'hang', 'hang');
    const stop = new AbortController();
    const putting = storage.put('big', Readable.from(megabytes(100)), stop.signal);
    await server.requested(/partNumber/);
    const reason = new Error('the worker is stopping');
    stop.abort(reason);
    await expect(putting).rejects.toBe(reason);
    expect(server.openUploads).toEqual([]);
  });

  it('that S3 fails to put together after its 200 is a failure', async () => {
    const { server, storage } = await open();
    server.misbehave(/POST .* uploadId/, 'error-after-200', 'error-after-200', 'error-after-200');
    await expect(storage.put('big', Readable.from(megabytes(9)))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      retryable: true,
    });
    expect(server.objects.has('big')).toBe(false);
    expect(server.openUploads).toEqual([]);
  });
});

describe('S3', () => {
  it('keeps the hash and the type with a file', async () => {
    const { server, storage } = await open();
    const content = Buffer.from('%PDF-1.7');
    await storage.put('reports/a.pdf', content);
    expect(server.objects.get('reports/a.pdf')).toMatchObject({
      contentType: 'application/pdf',
      metadata: { sha256: sha256(content) },
    });
  });

  it('is asked again when it is busy, fails or breaks off', async () => {
    const { server, storage } = await open();
    server.misbehave(/PUT/, { status: 503, code: 'SlowDown' }, 'reset');
    await storage.put('a', Readable.from(['x']));
    expect(server.requests.filter((line) => line.startsWith('PUT'))).toHaveLength(3);
    server.misbehave(/GET/, { status: 500, code: 'InternalError' });
    expect((await read(await storage.get('a'))).toString()).toBe('x');
  });

  it('that stays busy fails the attempt, which may be repeated', async () => {
    const { server, storage } = await open();
    const busy = { status: 503, code: 'SlowDown' };
    server.misbehave(/PUT/, busy, busy, busy);
    await expect(storage.put('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      retryable: true,
      message: expect.stringContaining('SlowDown'),
    });
    expect(server.requests).toHaveLength(3);
  });

  it('that breaks off in the middle of a file fails the reader', async () => {
    const { server, storage } = await open();
    await storage.put('a', Buffer.alloc(1_000_000, 1));
    server.misbehave(/GET/, 'reset-in-body');
    await expect(read(await storage.get('a'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      retryable: true,
    });
  });

  it('is left in peace when a reader goes away', async () => {
    const { storage } = await open();
    await storage.put('a', Buffer.alloc(5_000_000, 1));
    const stream = await storage.get('a');
    for await (const chunk of stream) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(stream.destroyed).toBe(true);
    (await storage.get('a')).destroy();
  });

  it('that does not answer is given up', async () => {
    const timeouts = { connectMs: 1_000, answerMs: 100, idleMs: 1_000 };
    const { server, storage } = await open({}, { timeouts });
    server.misbehave(/./, 'hang', 'hang', 'hang');
    await expect(storage.put('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      retryable: true,
    });
  });

  it('that is not there is a failure that may pass', async () => {
    const { server, storage } = await open();
    await server.close();
    onTestFinished(() => undefined);
    await expect(storage.exists('a')).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: true });
    await expect(storage.check()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  it.each([
    ['a wrong secret', { secretAccessKey: 'another' }, 'AWS_SECRET_KEY'],
    ['a wrong key', { accessKeyId: 'AKIDOFNOBODY' }, 'AWS_ACCESS_KEY'],
    ['a wrong bucket', { bucket: 'no-such-bucket' }, 'AWS_S3_BUCKET'],
    ['a wrong region', { region: 'us-east-1' }, 'AWS_REGION'],
  ])('refuses %s for good and says what to set', async (_what, options, advice) => {
    const { storage } = await open({}, options);
    const refused = {
      code: 'STORAGE_FAILED',
      retryable: false,
      message: expect.stringContaining(advice),
    };
    await expect(storage.put('a', Buffer.from('x'))).rejects.toMatchObject(refused);
    await expect(storage.put('b', Readable.from(megabytes(9)))).rejects.toMatchObject(refused);
    await expect(storage.get('a')).rejects.toMatchObject(refused);
    await expect(storage.check()).rejects.toMatchObject(refused);
  });

  it('whose keys may not read is not taken for one that has no such file', async () => {
    const { server, storage } = await open();
    server.misbehave(/HEAD/, { status: 403, code: 'AccessDenied' });
    await expect(storage.exists('a')).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('s3:GetObject'),
    });
  });

  it('refuses a request whose clock is off', async () => {
    const { storage } = await open({ clock: () => Date.now() + 3_600_000 });
    await expect(storage.get('a')).rejects.toMatchObject({ message: expect.stringContaining('clock') });
  });

  it('is written to at the first look at its health, and only asked at the next', async () => {
    const { server, storage } = await open();
    await storage.check();
    await storage.check();
    expect(server.requests.map((line) => line.split(' ')[0])).toEqual(['PUT', 'DELETE', 'HEAD']);
    expect(server.objects.size).toBe(0);
  });
});

describe('a link to a file in S3', () => {
  const terms = {
    expiresInSeconds: 900,
    fileName: `Übersicht "Q1" 100% (neu)'s.pdf`,
    contentType: 'application/pdf',
  };
  const sign = async (storage: ReturnType<typeof createS3Storage>, key = 'reports/ä b.pdf') =>
    (await storage.signedUrl?.(key, terms)) ?? '';

  it('serves the file under its name and type to anybody', async () => {
    const { storage } = await open();
    await storage.put('reports/ä b.pdf', Buffer.from('%PDF-1.7'));
    const response = await fetch(await sign(storage));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('%PDF-1.7');
    expect(response.headers.get('Content-Type')).toBe('application/pdf');
    const disposition = response.headers.get('Content-Disposition') ?? '';
    expect(disposition).toMatch(/^attachment; filename="[\x20-\x7e]+"; filename\*=UTF-8''/);
    expect(decodeURIComponent(disposition.split("UTF-8''")[1] ?? '')).toBe(terms.fileName);
  });

  it('expires, cannot be bent to another file, method or time, and holds no secret', async () => {
    let now = Date.now();
    const { storage } = await open({ clock: () => now });
    await storage.put('reports/ä b.pdf', Buffer.from('x'));
    await storage.put('other.pdf', Buffer.from('y'));
    const url = await sign(storage);
    expect(url).not.toContain(keys.secretAccessKey);
    const status = async (link: string, method = 'GET') => (await fetch(link, { method })).status;
    expect(await status(url)).toBe(200);
    expect(await status(url.replace(/reports\/[^?]*/, 'other.pdf'))).toBe(403);
    expect(await status(url.replace('X-Amz-Expires=900', 'X-Amz-Expires=9000'))).toBe(403);
    expect(await status(url, 'DELETE')).toBe(403);
    now += 901_000;
    expect(await status(url)).toBe(403);
  });

  it('cannot be asked for longer than S3 allows', async () => {
    const { storage } = await open();
    await expect(storage.signedUrl?.('a', { ...terms, expiresInSeconds: 604_801 })).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      retryable: false,
    });
  });
});
