import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** One thing of an envelope: an event, a session, a span, ... */
export interface SentryItem {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A Sentry on loopback that keeps what it was sent. */
export interface FakeSentry {
  readonly dsn: string;
  /** Everything that arrived and was answered with 200, in order. */
  readonly items: SentryItem[];
  /** How many envelopes came, whatever they were answered with. */
  readonly requests: () => number;
  /** What came as it was written, for a search that misses nothing. */
  readonly raw: string[];
  readonly events: () => readonly SentryItem['payload'][];
  /** The next envelopes are answered with 429 and `Retry-After` in seconds; `undefined` ends that. */
  limit(retryAfterSeconds: number | undefined): void;
  /** Resolves with the first event that fits, whether it is here already or comes later. */
  event(fits?: (event: SentryItem['payload']) => boolean): Promise<SentryItem['payload']>;
  close(): Promise<void>;
}

/** Takes envelopes as Sentry's ingest does (https://develop.sentry.dev/sdk/data-model/envelopes/). */
export async function startFakeSentry(): Promise<FakeSentry> {
  const items: SentryItem[] = [];
  const raw: string[] = [];
  const waiting = new Set<() => void>();
  let retryAfter: number | undefined;
  let requests = 0;

  const server = createServer(async (request, response) => {
    const text = await readBody(request);
    if (request.method !== 'POST' || !/^\/api\/\d+\/envelope\/(\?|$)/.test(request.url ?? '')) {
      response.writeHead(404).end();
      return;
    }
    requests++;
    if (retryAfter !== undefined) {
      response.writeHead(429, { 'Retry-After': String(retryAfter) }).end('{"detail":"rate limit"}');
    } else {
      raw.push(text);
      items.push(...readEnvelope(text));
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    }
    for (const look of waiting) look();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  const events = () => items.filter(({ type }) => type === 'event').map(({ payload }) => payload);

  return {
    dsn: `http://public@127.0.0.1:${address.port}/1`,
    items,
    raw,
    events,
    requests: () => requests,
    limit: (seconds) => {
      retryAfter = seconds;
    },
    event: (fits = () => true) =>
      new Promise((resolve) => {
        const look = () => {
          const found = events().find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8');
}

/** A line of headers, then pairs of an item's header and its payload. */
function readEnvelope(text: string): SentryItem[] {
  const [, ...lines] = text.split('\n');
  const items: SentryItem[] = [];
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const header = readObject(lines[index]);
    items.push({ type: String(header.type), payload: readObject(lines[index + 1]) });
  }
  return items;
}

function readObject(line: string | undefined): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(line ?? '');
  if (typeof value !== 'object' || value === null) throw new Error(`No JSON object: ${line}`);
  return { ...value };
}
