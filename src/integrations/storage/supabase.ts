import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { createClient } from '@supabase/supabase-js';
import { contentTypeOf } from './content-types.ts';
import { after, inPieces, takeIn } from './intake.ts';
import { outgoing } from './outgoing.ts';
import { createPatience, type Patience } from './patience.ts';
import type { Storage } from './port.ts';
import { createProbe, probeKey } from './probe.ts';
import { sendStream } from './send-stream.ts';
import { isMissing, type SupabaseFault, supabaseError, unreachable } from './supabase-errors.ts';
import { supabasePath } from './supabase-keys.ts';

export interface SupabaseStorageOptions {
  /** The project's address, such as `https://abc.supabase.co`. */
  readonly url: string;
  readonly serviceRoleKey: string;
  readonly bucket: string;
  /** How long the service may be silent while it is waited for, in ms. */
  readonly silenceMs?: number;
}

const defaultSilenceMs = 60_000;

/** Files up to this are sent with their length; larger ones as a stream, of which nothing is kept in memory. */
const wholeBytes = 6 * 1024 * 1024;

/** What one call needs to know below storage-js, which passes no signal on. */
interface Call {
  readonly patience: Patience;
  readonly signal: AbortSignal | undefined;
}

/**
 * Keeps files in a bucket of Supabase Storage. An upload is recorded when its last byte has been stored, with `upsert`
 * in the place of what was there, so readers see the old file or the new.
 */
export function createSupabaseStorage(options: SupabaseStorageOptions): Storage {
  const { bucket: bucketName, silenceMs = defaultSilenceMs } = options;
  const calls = new AsyncLocalStorage<Call>();
  const client = createClient(options.url, options.serviceRoleKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch: (input, init) => fetchWatched(calls.getStore(), input, init) },
  });
  const bucket = client.storage.from(bucketName);

  /** One call, given up when the service is silent for too long. */
  async function call<T>(run: (patience: Patience) => PromiseLike<T>, signal?: AbortSignal): Promise<T> {
    const patience = createPatience(silenceMs);
    patience.begin();
    try {
      return await calls.run({ patience, signal }, async () => run(patience));
    } finally {
      patience.end();
    }
  }
  const fail = (fault: SupabaseFault, doing: string, key?: string) =>
    supabaseError(fault, doing, bucketName, key);

  async function upload(
    path: string,
    body: Buffer | Readable,
    contentType: string,
    doing: string,
  ): Promise<void> {
    const { data, error } = await bucket.upload(path, body, { upsert: true, contentType });
    if (error !== null) throw fail(error, doing);
    // Something in between may answer 200 with JSON of its own.
    if (data.fullPath !== `${bucketName}/${path}`) throw unreachable(undefined, doing);
  }

  return {
    name: 'supabase',
    async put(key, content, signal) {
      const stored = await takeIn(content, signal, async ({ bytes }) => {
        const path = supabasePath(key);
        const pieces = inPieces(bytes, wholeBytes);
        const first = await pieces.next();
        const second = first.done === true ? first : await pieces.next();
        const contentType = contentTypeOf(key);
        const doing = `write ${key}`;
        if (second.done === true) {
          const whole = first.value ?? Buffer.alloc(0);
          return call(() => upload(path, whole, contentType, doing), signal);
        }
        const all = after([first.value, second.value], pieces);
        await call((patience) => {
          const body = Readable.from(paced(all, patience), { objectMode: false, highWaterMark: 1 });
          return upload(path, body, contentType, doing).finally(() => body.destroy());
        }, signal);
      });
      return { key, ...stored };
    },
    async get(key) {
      const path = supabasePath(key);
      const doing = `read ${key}`;
      const { data, error } = await call(() => bucket.download(path).asStream());
      if (error !== null) throw fail(error, doing, key);
      if (!isWebStream(data)) throw unreachable(undefined, doing);
      return outgoing(Readable.fromWeb(data), (cause) => unreachable(cause, doing));
    },
    async exists(key) {
      const path = supabasePath(key);
      // Not `exists()`: it asks by HEAD, and an answer without a body cannot say what it was that was not found.
      const { error } = await call(() => bucket.info(path));
      if (error === null) return true;
      if (isMissing(error)) return false;
      throw fail(error, `look for ${key}`);
    },
    async remove(key) {
      const path = supabasePath(key);
      const doing = `remove ${key}`;
      const { data, error } = await call(() => bucket.remove([path]));
      if (error !== null) throw fail(error, doing);
      if (!Array.isArray(data)) throw unreachable(undefined, doing);
    },
    async signedUrl(key, { expiresInSeconds, fileName }) {
      const path = supabasePath(key);
      const doing = `sign a link to ${key}`;
      const { data, error } = await call(() => bucket.createSignedUrl(path, expiresInSeconds));
      if (error !== null) throw fail(error, doing, key);
      const link = URL.canParse(data.signedUrl) ? new URL(data.signedUrl) : undefined;
      if (link?.searchParams.has('token') !== true) throw unreachable(undefined, doing);
      // storage-js encodes the name that it is given twice.
      link.searchParams.set('download', fileName);
      return link.href;
    },
    check: createProbe({
      async write() {
        await call(() => upload(probeKey, Buffer.alloc(0), 'application/octet-stream', 'write'));
        const { error } = await call(() => bucket.remove([probeKey]));
        if (error !== null) throw fail(error, 'remove what it wrote');
      },
      async look() {
        const { error } = await call(() => client.storage.getBucket(bucketName));
        if (error !== null) throw fail(error, 'answer');
      },
    }),
  };
}

async function fetchWatched(
  call: Call | undefined,
  input: Parameters<typeof fetch>[0],
  init: Parameters<typeof fetch>[1],
): Promise<Response> {
  const signals = [call?.patience.signal, call?.signal, init?.signal].filter(
    (signal) => signal !== undefined && signal !== null,
  );
  const signal = AbortSignal.any(signals);
  const body: unknown = init?.body;
  if (body instanceof Readable) {
    const headers = new Headers(init?.headers);
    return sendStream({ url: String(input), method: init?.method ?? 'POST', headers, body, signal });
  }
  return fetch(input, { ...init, signal });
}

/** The source may take its time; only while the service holds a chunk, or owes its answer, is it waited for. */
async function* paced(pieces: AsyncIterable<Uint8Array>, patience: Patience): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    patience.begin();
    yield piece;
    patience.end();
  }
  patience.begin();
}

function isWebStream(body: unknown): body is ReadableStream<Uint8Array> {
  return body instanceof globalThis.ReadableStream;
}
