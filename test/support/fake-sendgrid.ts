import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { isRecord, type MailFault, validateMail } from './fake-sendgrid-rules.ts';

/** A mail that the server has accepted: the body as it came over the wire. */
export interface AcceptedMail {
  readonly messageId: string;
  /** When it came, in ms since the epoch. */
  readonly at: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
}

/** What the server does with a request instead of judging it. `accept-then-*` keeps the mail and loses the answer. */
export type ScriptedAnswer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    }
  | 'hang'
  | 'reset'
  | 'broken-json'
  | 'endless-body'
  | 'accept-then-hang'
  | 'accept-then-reset';

export interface FakeSendGrid {
  readonly baseUrl: string;
  readonly accepted: readonly AcceptedMail[];
  /** Requests in all, refused ones included. */
  readonly requests: number;
  /** Requests whose client went away before it was answered. */
  readonly abandoned: number;
  /** Connections that were open to it at the same moment, at most. */
  readonly mostConnections: number;
  /** The next requests get these, in order; then the server judges by SendGrid's rules again. */
  script(...answers: ScriptedAnswer[]): void;
  /** Nothing is answered, scripted or not, until it is let go; what is given up before that is never kept. */
  hold(): () => void;
  /** Resolves when so many requests have come in all. */
  requested(count: number): Promise<void>;
  /** Resolves when so many clients have gone away unanswered. */
  abandonedBy(count: number): Promise<void>;
  close(): Promise<void>;
}

export interface FakeSendGridOptions {
  readonly apiKey: string;
  /** In bytes; SendGrid's own is 30 MB. */
  readonly maxBytes?: number;
}

const path = '/v3/mail/send';

/** A server on loopback that holds to the contract of SendGrid's `POST /v3/mail/send` as far as we use it. */
export async function startFakeSendGrid(options: FakeSendGridOptions): Promise<FakeSendGrid> {
  const maxBytes = options.maxBytes ?? 30 * 1024 * 1024;
  const accepted: AcceptedMail[] = [];
  const script: ScriptedAnswer[] = [];
  const waiting: { readonly reached: () => boolean; readonly resolve: () => void }[] = [];
  let requests = 0;
  let abandoned = 0;
  let connections = 0;
  let mostConnections = 0;
  let held: Promise<void> | undefined;

  const server = createServer((request, response) => {
    response.on('close', () => {
      if (response.writableFinished) return;
      abandoned += 1;
      wake();
    });
    handle(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.on('connection', (socket) => {
    connections += 1;
    mostConnections = Math.max(mostConnections, connections);
    socket.once('close', () => {
      connections -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('The server has no port.');

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const source = await read(request);
    requests += 1;
    wake();
    await held;
    if (response.destroyed) return;
    const scripted = script.shift();
    if (scripted === undefined) return judge(request, response, source);
    if (typeof scripted === 'object')
      return answer(response, scripted.status, scripted.body, scripted.headers);
    switch (scripted) {
      case 'accept-then-hang':
        keep(request, source);
        return;
      case 'accept-then-reset':
        keep(request, source);
        request.socket.resetAndDestroy();
        return;
      case 'reset':
        request.socket.resetAndDestroy();
        return;
      case 'broken-json':
        response.writeHead(400, { 'content-type': 'application/json' }).end('{"errors":[{"message":');
        return;
      case 'endless-body':
        response.writeHead(202, { 'content-type': 'text/plain' });
        flood(response);
        return;
      case 'hang':
        return;
    }
  }

  function judge(request: IncomingMessage, response: ServerResponse, source: Buffer): void {
    const refusal = refusalOf(request, source);
    if (refusal === undefined) answer(response, 202, undefined, { 'x-message-id': keep(request, source) });
    else
      answer(response, refusal.status, { errors: refusal.faults.map((fault) => ({ ...fault, help: null })) });
  }

  function refusalOf(request: IncomingMessage, source: Buffer): Refusal | undefined {
    if (request.headers.authorization !== `Bearer ${options.apiKey}`) {
      return refusal(401, 'The provided authorization grant is invalid, expired, or revoked');
    }
    if (request.url !== path) return refusal(404, 'Not Found');
    if (request.method !== 'POST') return refusal(405, 'method not allowed');
    if (source.length > maxBytes) return refusal(413, 'The payload is too large.');
    if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
      return refusal(415, 'Content-Type should be application/json.');
    }
    const faults = validateMail(parse(source));
    return faults.length === 0 ? undefined : { status: 400, faults };
  }

  function keep(request: IncomingMessage, source: Buffer): string {
    const body = parse(source);
    if (!isRecord(body)) throw new Error('Only a JSON object can be kept as a mail.');
    const messageId = `fake-${String(accepted.length + 1).padStart(6, '0')}`;
    accepted.push({ messageId, at: Date.now(), body, headers: request.headers });
    return messageId;
  }

  function wake(): void {
    for (const waiter of waiting.splice(0)) {
      if (waiter.reached()) waiter.resolve();
      else waiting.push(waiter);
    }
  }

  function until(reached: () => boolean): Promise<void> {
    if (reached()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push({ reached, resolve });
    return promise;
  }

  return {
    baseUrl: `http://127.0.0.1:${bound.port}`,
    accepted,
    get requests() {
      return requests;
    },
    get abandoned() {
      return abandoned;
    },
    get mostConnections() {
      return mostConnections;
    },
    script: (...answers) => void script.push(...answers),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return () => {
        held = undefined;
        resolve();
      };
    },
    requested: (count) => until(() => requests >= count),
    abandonedBy: (count) => until(() => abandoned >= count),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function parse(source: Buffer): unknown {
  try {
    return JSON.parse(source.toString('utf8'));
  } catch {
    return undefined;
  }
}

interface Refusal {
  readonly status: number;
  readonly faults: readonly MailFault[];
}

function refusal(status: number, message: string): Refusal {
  return { status, faults: [{ message, field: null }] };
}

function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' || body === undefined ? 'text/plain' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers }).end(text);
}

/** Writes until the client has had enough. */
function flood(response: ServerResponse): void {
  const chunk = 'x'.repeat(64 * 1024);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}
