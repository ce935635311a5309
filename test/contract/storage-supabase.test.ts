import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createSupabaseStorage,
  type SupabaseStorageOptions,
} from '../../src/integrations/storage/supabase.ts';
import { supabasePath } from '../../src/integrations/storage/supabase-keys.ts';
import {
  type FakeSupabaseOptions,
  type FakeSupabaseStorage,
  startFakeSupabaseStorage,
} from '../support/fake-supabase-storage.ts';
import { heldBytes } from '../support/held-bytes.ts';
import { describeStorage } from './storage.ts';

const serviceRoleKey = 'eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2VjcmV0';
const bucket = 'documents';
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

for (const errors of ['legacy', 'codes'] as const) {
  describeStorage(`supabase, errors as ${errors}`, async () => {
    const server = await startFakeSupabaseStorage({ serviceRoleKey, bucket, errors });
    return {
      storage: createSupabaseStorage({ url: server.url, serviceRoleKey, bucket }),
      leftovers: async () => [...server.objects.keys()].filter((key) => key.startsWith('.')),
      close: () => server.close(),
    };
  });
}

async function open(
  rules: Partial<FakeSupabaseOptions> = {},
  options: Partial<SupabaseStorageOptions> = {},
): Promise<{ server: FakeSupabaseStorage; storage: ReturnType<typeof createSupabaseStorage> }> {
  const server = await startFakeSupabaseStorage({ serviceRoleKey, bucket, errors: 'codes', ...rules });
  onTestFinished(() => server.close());
  return { server, storage: createSupabaseStorage({ url: server.url, serviceRoleKey, bucket, ...options }) };
}

async function read(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function* megabytes(count: number) {
  for (let given = 1; given <= count; given += 1) yield Buffer.alloc(1024 * 1024, given);
}

const passing = { code: 'STORAGE_FAILED', retryable: true };
const final = { code: 'STORAGE_FAILED', retryable: false };

describe('Supabase Storage', () => {
  it('takes a large file as a stream', async () => {
    const { server, storage } = await open();
    const content = await read(Readable.from(megabytes(20)));
    const stored = await storage.put('exports/big.ndjson', Readable.from(megabytes(20)));
    expect(stored).toEqual({ key: 'exports/big.ndjson', bytes: content.length, sha256: sha256(content) });
    expect((await read(await storage.get('exports/big.ndjson'))).equals(content)).toBe(true);
    expect(server.objects.get('exports/big.ndjson')?.contentType).toBe('application/x-ndjson');
    expect(server.largestChunked).toBe(content.length);
  });

  it('keeps nothing of a large file whose source fails or that is stopped', async () => {
    const { server, storage } = await open();
    const broken = new Error('the source broke');
    async function* breaking() {
      yield* megabytes(20);
      throw broken;
    }
    await expect(storage.put('big', Readable.from(breaking()))).rejects.toBe(broken);
    const stop = new AbortController();
    server.misbehave(/POST/, 'hang');
    const putting = storage.put('silent', Readable.from(megabytes(50)), stop.signal);
    await server.requested(/POST .*silent/);
    const reason = new Error('the worker is stopping');
    stop.abort(reason);
    await expect(putting).rejects.toBe(reason);
    expect(server.objects.size).toBe(0);
  });

  it('never holds a large file in memory', { timeout: 120_000 }, async () => {
    const { server, storage } = await open({ forgetful: true });
    const before = heldBytes();
    let heldAtEnd = 0;
    async function* watched() {
      yield* megabytes(199);
      heldAtEnd = heldBytes() - before;
      yield* megabytes(1);
    }
    await storage.put('big', Readable.from(watched(), { highWaterMark: 1 }));
    expect(server.largestChunked).toBe(200 * 1024 * 1024);
    expect(heldAtEnd).toBeLessThan(64 * 1024 * 1024);
  });

  it('is heard when it refuses a large file before its end', async () => {
    const { server, storage } = await open();
    server.misbehave(/POST/, 'refuse-at-once');
    await expect(storage.put('big', Readable.from(megabytes(100)))).rejects.toMatchObject({
      ...final,
      message: expect.stringContaining('limit'),
    });
  });

  it.each([
    ['a small file', () => Buffer.from('x')],
    ['a large file', () => Readable.from(megabytes(9))],
  ])('that says nothing about %s is given up', async (_what, content) => {
    const { server, storage } = await open({}, { silenceMs: 150 });
    server.misbehave(/./, 'hang');
    await expect(storage.put('a', content())).rejects.toMatchObject(passing);
  });

  it('is not given up while the source takes its time', async () => {
    const { storage } = await open({}, { silenceMs: 60_000 });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    async function* slow() {
      yield* megabytes(13);
      vi.advanceTimersByTime(120_000);
      yield* megabytes(8);
    }
    await expect(storage.put('a', Readable.from(slow()))).resolves.toMatchObject({ bytes: 21 * 1024 * 1024 });
  });

  it.each([
    ['busy, in its own words', { status: 503, body: { code: 'SlowDown', message: 'Slow down.' } }],
    [
      'busy, as it used to be told',
      { status: 400, body: { statusCode: '429', error: 'too_many', message: '-' } },
    ],
    ['without its database', { status: 400, body: { code: 'DatabaseTimeout', message: '-' } }],
    ['broken, without a body', { status: 502, body: undefined }],
    ['gone in the middle', 'reset' as const],
    ['replaced by a page of another server', 'page' as const],
  ])('that is %s may be asked again', async (_what, how) => {
    const { server, storage } = await open();
    server.misbehave(/./, how, how, how, how);
    await expect(storage.put('a', Buffer.from('x'))).rejects.toMatchObject(passing);
    await expect(storage.exists('a')).rejects.toMatchObject(passing);
    await expect(storage.remove('a')).rejects.toMatchObject(passing);
    await expect(
      storage.signedUrl?.('a', { expiresInSeconds: 60, fileName: 'a', contentType: 'a' }),
    ).rejects.toMatchObject(passing);
    expect(server.objects.size).toBe(0);
  });

  it('that says yes without having done it is not believed', async () => {
    const { server, storage } = await open();
    server.misbehave(
      /POST/,
      { status: 200, body: {} },
      { status: 200, body: { Id: '1', Key: 'documents/b' } },
    );
    await expect(storage.put('a', Buffer.from('x'))).rejects.toMatchObject(passing);
    await expect(storage.put('a', Buffer.from('x'))).rejects.toMatchObject(passing);
    server.misbehave(/POST .*sign/, { status: 200, body: {} });
    const terms = { expiresInSeconds: 60, fileName: 'a', contentType: 'a' };
    await expect(storage.signedUrl?.('a', terms)).rejects.toMatchObject(passing);
    server.misbehave(/DELETE/, { status: 200, body: { message: 'ok' } });
    await expect(storage.remove('a')).rejects.toMatchObject(passing);
  });

  it('that breaks off in the middle of a file fails the reader', async () => {
    const { server, storage } = await open();
    await storage.put('a', Buffer.alloc(1_000_000, 1));
    server.misbehave(/GET/, 'reset-in-body');
    await expect(read(await storage.get('a'))).rejects.toMatchObject(passing);
  });

  it.each(['legacy', 'codes'] as const)(
    'refuses for good and says what to set, errors as %s',
    async (errors) => {
      const strict = { errors, fileSizeLimit: 10, allowedMimeTypes: ['application/pdf'] };
      const { server, storage } = await open(strict);
      const told = (advice: string) => ({ ...final, message: expect.stringContaining(advice) });
      await expect(storage.put('a.pdf', Buffer.alloc(11))).rejects.toMatchObject(told('limit'));
      await expect(storage.put('a.csv', Buffer.from('x'))).rejects.toMatchObject(told('type'));
      const url = server.url;
      const stranger = createSupabaseStorage({ url, serviceRoleKey: 'a.b.c', bucket });
      await expect(stranger.put('a.pdf', Buffer.from('x'))).rejects.toMatchObject(
        told('SUPABASE_SERVICE_ROLE_KEY'),
      );
      await expect(stranger.exists('a.pdf')).rejects.toMatchObject(told('SUPABASE_SERVICE_ROLE_KEY'));
      const lost = createSupabaseStorage({ url, serviceRoleKey, bucket: 'elsewhere' });
      await expect(lost.put('a.pdf', Buffer.from('x'))).rejects.toMatchObject(told('STORAGE_BUCKET'));
      await expect(lost.check()).rejects.toMatchObject(told('STORAGE_BUCKET'));
    },
  );

  it('is written to at the first look at its health, and only asked at the next', async () => {
    const { server, storage } = await open();
    await storage.check();
    await storage.check();
    expect(server.requests.map((line) => line.split(' ')[0])).toEqual(['POST', 'DELETE', 'GET']);
    expect(server.objects.size).toBe(0);
  });
});

describe('a link to a file in Supabase Storage', () => {
  it('serves the file under its name and type, expires, and is of no other file', async () => {
    let now = Date.now();
    const { storage } = await open({ clock: () => now });
    await storage.put('reports/ä b.pdf', Buffer.from('%PDF-1.7'));
    await storage.put('other.pdf', Buffer.from('secret'));
    const fileName = 'Übersicht "Q1" 100%.pdf';
    const terms = { expiresInSeconds: 900, fileName, contentType: 'application/pdf' };
    const url = (await storage.signedUrl?.('reports/ä b.pdf', terms)) ?? '';
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([200, '%PDF-1.7']);
    expect(response.headers.get('Content-Type')).toBe('application/pdf');
    const disposition = response.headers.get('Content-Disposition') ?? '';
    expect(decodeURIComponent(disposition)).toContain(fileName);
    expect(url).not.toContain(serviceRoleKey);
    const bent = new URL(url);
    bent.pathname = '/storage/v1/object/sign/documents/other.pdf';
    expect((await fetch(bent)).status).toBe(400);
    now += 901_000;
    expect((await fetch(url)).status).toBe(400);
  });

  it('to a file that is not there is refused', async () => {
    const { storage } = await open();
    const terms = { expiresInSeconds: 900, fileName: 'a.pdf', contentType: 'application/pdf' };
    await expect(storage.signedUrl?.('none.pdf', terms)).rejects.toMatchObject(final);
  });
});

describe('a key as a path of Supabase Storage', () => {
  it('is one that the service takes, the same for plain keys, and never another key’s', () => {
    expect(supabasePath('reports/2026/a-b_c.pdf')).toBe('reports/2026/a-b_c.pdf');
    expect(supabasePath('ä=b')).toBe('=C3=A4=3Db');
    const key = fc
      .string({
        unit: fc.constantFrom('a', 'ä', '=', '3', 'D', 'C', ' ', '%', '日'),
        minLength: 1,
        maxLength: 12,
      })
      .filter((text) => !text.endsWith(' '));
    fc.assert(
      fc.property(key, key, (one, other) => {
        expect(supabasePath(one)).toMatch(/^[\w/=.-]+$/);
        expect(supabasePath(one) === supabasePath(other)).toBe(one === other);
      }),
    );
  });
});
