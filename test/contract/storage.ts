import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Storage } from '../../src/integrations/storage/port.ts';

/** What a driver gives the suite: a storage of its own for each test. */
export interface StorageUnderTest {
  readonly storage: Storage;
  /** Every file there is, whole or half, that belongs to no key; must be empty after a failed `put`. */
  leftovers(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const sha256 = (content: Uint8Array | string) => createHash('sha256').update(content).digest('hex');

async function read(storage: Storage, key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await storage.get(key)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Says when it has been asked for more than its first chunk, and then never answers. */
function stalledStream(): { stream: Readable; reached: Promise<void> } {
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  let given = false;
  const stream = new Readable({
    read() {
      if (given) resolve();
      else this.push(Buffer.alloc(100_000, 1));
      given = true;
    },
  });
  return { stream, reached };
}

async function* failing(error: Error) {
  yield Buffer.alloc(100_000, 1);
  await turn();
  throw error;
}

/** The contract of `Storage`, which every driver keeps. */
export function describeStorage(name: string, make: () => Promise<StorageUnderTest>): void {
  describe(`storage contract: ${name}`, () => {
    let subject: StorageUnderTest;
    let storage: Storage;

    beforeEach(async () => {
      subject = await make();
      storage = subject.storage;
    });
    afterEach(() => subject.close());

    it('keeps bytes and says how many and their hash', async () => {
      const content = randomBytes(300_000);
      const stored = await storage.put('reports/2026/a.pdf', content);
      expect(stored).toEqual({ key: 'reports/2026/a.pdf', bytes: 300_000, sha256: sha256(content) });
      expect((await read(storage, 'reports/2026/a.pdf')).equals(content)).toBe(true);
      expect(await subject.leftovers()).toEqual([]);
    });

    it('keeps a stream of bytes and text, and an empty one', async () => {
      const stored = await storage.put(
        'a.txt',
        Readable.from(['Καλημέρα ', Buffer.from('world'), new Uint8Array([33])]),
      );
      expect((await read(storage, 'a.txt')).toString()).toBe('Καλημέρα world!');
      expect(stored.bytes).toBe(Buffer.byteLength('Καλημέρα world!'));
      expect(stored.sha256).toBe(sha256('Καλημέρα world!'));
      expect(await storage.put('empty', new Uint8Array())).toEqual({
        key: 'empty',
        bytes: 0,
        sha256: sha256(''),
      });
      expect(await read(storage, 'empty')).toHaveLength(0);
    });

    it('replaces a file in one step: a reader sees the old or the new, whole', async () => {
      await storage.put('a.bin', Buffer.alloc(200_000, 1));
      const reading = await storage.get('a.bin');
      await storage.put('a.bin', Buffer.alloc(200_000, 2));
      const seen = new Set<number>();
      for await (const chunk of reading) for (const byte of Buffer.from(chunk)) seen.add(byte);
      expect([...seen]).toEqual([1]);
      expect(new Set(await read(storage, 'a.bin'))).toEqual(new Set([2]));
    });

    it('gives one whole file when two write the same key at once', async () => {
      await Promise.all([1, 2, 3, 4].map((byte) => storage.put('same', Buffer.alloc(500_000, byte))));
      const content = await read(storage, 'same');
      expect(content).toHaveLength(500_000);
      expect(new Set(content).size).toBe(1);
      expect(await subject.leftovers()).toEqual([]);
    });

    it('passes on what the stream failed with, and leaves the old file and nothing else', async () => {
      await storage.put('a.bin', Buffer.from('old'));
      const error = new Error('the source broke');
      await expect(storage.put('a.bin', Readable.from(failing(error)))).rejects.toBe(error);
      await expect(storage.put('new.bin', Readable.from(failing(error)))).rejects.toBe(error);
      expect((await read(storage, 'a.bin')).toString()).toBe('old');
      expect(await storage.exists('new.bin')).toBe(false);
      expect(await subject.leftovers()).toEqual([]);
    });

    it('passes on what the stream had failed with before it came', async () => {
      const error = new Error('broke early');
      const stream = new Readable({ read: () => undefined });
      stream.on('error', () => undefined);
      const putting = storage.put('a.bin', stream);
      stream.destroy(error);
      await expect(putting).rejects.toBe(error);
      await expect(storage.put('a.bin', stream)).rejects.toBe(error);
      expect(await subject.leftovers()).toEqual([]);
    });

    it('stops when told to, while its stream says nothing, with the reason that it was given', async () => {
      const { stream, reached } = stalledStream();
      const stop = new AbortController();
      const putting = storage.put('a.bin', stream, stop.signal);
      await reached;
      const reason = new Error('the worker is stopping');
      stop.abort(reason);
      await expect(putting).rejects.toBe(reason);
      expect(stream.destroyed).toBe(true);
      expect(await storage.exists('a.bin')).toBe(false);
      expect(await subject.leftovers()).toEqual([]);
    });

    it('does not begin when it was told to stop before', async () => {
      const reason = new Error('too late');
      const stream = Readable.from(['x']);
      await expect(storage.put('a', stream, AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(stream.destroyed).toBe(true);
      expect(await storage.exists('a')).toBe(false);
    });

    it('says that there is no such file', async () => {
      await storage.put('folder/file', Buffer.from('x'));
      for (const key of ['missing', 'folder', 'folder/file/below']) {
        expect(await storage.exists(key)).toBe(false);
        await expect(storage.get(key)).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: false });
      }
    });

    it('removes a file, and does not mind when it is gone', async () => {
      await storage.put('a/b', Buffer.from('x'));
      await storage.remove('a/b');
      expect(await storage.exists('a/b')).toBe(false);
      await storage.remove('a/b');
    });

    it('is healthy, and leaves no trace of the check', async () => {
      await storage.check();
      expect(await subject.leftovers()).toEqual([]);
    });

    it('takes any key that is made of plain names, and gives back what was put there', async () => {
      const name = fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
        .filter((part) => !/[/\\:\p{Cc}\u2028\u2029]|^\.|[. ]$/u.test(part) && part.isWellFormed());
      await fc.assert(
        fc.asyncProperty(
          fc.array(name, { minLength: 1, maxLength: 4 }),
          fc.uint8Array(),
          async (parts, content) => {
            const key = `kept/${parts.join('/')}.bin`;
            await storage.put(key, content);
            expect(await read(storage, key)).toEqual(Buffer.from(content));
            await storage.remove(key);
          },
        ),
        { numRuns: 30 },
      );
    });

    it('refuses every key that could leave the storage, whatever is asked', async () => {
      const poison = fc.constantFrom(
        '..',
        '.',
        '.hidden',
        '',
        'a\\b',
        'a\u0000',
        'a\nb',
        'C:',
        'x.',
        'x ',
        '\ud800',
        '../..',
      );
      const around = fc.array(fc.constantFrom('a', 'b.txt', 'ж'), { maxLength: 2 });
      await fc.assert(
        fc.asyncProperty(around, poison, around, async (before, bad, after) => {
          const key = [...before, bad, ...after].join('/');
          const refused = { code: 'STORAGE_FAILED', retryable: false };
          await expect(storage.put(key, Buffer.from('x'))).rejects.toMatchObject(refused);
          await expect(storage.get(key)).rejects.toMatchObject(refused);
          await expect(storage.exists(key)).rejects.toMatchObject(refused);
          await expect(storage.remove(key)).rejects.toMatchObject(refused);
        }),
        { numRuns: 100 },
      );
      await expect(storage.put('x'.repeat(256), Buffer.from('x'))).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
      });
      await expect(storage.put('/etc/passwd', Buffer.from('x'))).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
      });
    });
  });
}
