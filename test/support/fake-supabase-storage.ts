import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { RequestScript } from './request-script.ts';

export interface FakeSupabaseObject {
  readonly content: Buffer;
  readonly contentType: string;
}

/** What the server does instead of answering by the rules. */
export type SupabaseMisbehaviour =
  | { readonly status: number; readonly body: unknown }
  | 'hang'
  | 'reset'
  /** Sends half of a file and breaks off. */
  | 'reset-in-body'
  /** Says that a file is too large and closes, without having read it. */
  | 'refuse-at-once'
  /** 200 with a page, as from a proxy in between. */
  | 'page';

export interface FakeSupabaseStorage {
  /** The project's address, below which the service stands at `/storage/v1`. */
  readonly url: string;
  readonly objects: ReadonlyMap<string, FakeSupabaseObject>;
  /** Each request as `POST /object/bucket/path`. */
  readonly requests: readonly string[];
  /** The largest body that was taken in as a stream of unknown length. */
  readonly largestChunked: number;
  misbehave(fits: RegExp, ...how: SupabaseMisbehaviour[]): void;
  requested(fits: RegExp): Promise<void>;
  close(): Promise<void>;
}

export interface FakeSupabaseOptions {
  readonly serviceRoleKey: string;
  readonly bucket: string;
  /** In which of the two forms that are in use errors are told. */
  readonly errors: 'legacy' | 'codes';
  readonly fileSizeLimit?: number;
  readonly allowedMimeTypes?: readonly string[];
  readonly clock?: () => number;
  /** Where the rest of a project's address leads, `/rest/v1` above all. */
  readonly otherwise?: string;
  /** Counts the bytes of what comes in as a stream, and forgets them. */
  readonly forgetful?: boolean;
}

class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly legacy: string;
  constructor(status: number, code: string, legacy: string) {
    super(legacy);
    this.status = status;
    this.code = code;
    this.legacy = legacy;
  }
}

const noSuchKey = () => new Refused(404, 'NoSuchKey', 'not_found');
const noSuchBucket = () => new Refused(404, 'NoSuchBucket', 'Bucket not found');

/** The service's own rule for names of files. */
const validKey = /^(\w|\/|!|-|\.|\*|'|\(|\)| |&|\$|@|=|;|:|\+|,|\?)*$/;

/**
 * A server on loopback that holds to the wire contract of Supabase Storage as far as files go
 * (supabase.com/docs/guides/storage and the client's source): uploads, downloads, signed links, removal, and errors in
 * both forms.
 */
export async function startFakeSupabaseStorage(options: FakeSupabaseOptions): Promise<FakeSupabaseStorage> {
  const { clock = Date.now } = options;
  const objects = new Map<string, FakeSupabaseObject>();
  const script = new RequestScript<SupabaseMisbehaviour>();
  const tokens = createTokens(clock);
  let largestChunked = 0;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (error instanceof Refused) return void refuse(response, error, options.errors);
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('The server has no port.');

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://host');
    if (options.otherwise !== undefined && !url.pathname.startsWith('/storage/v1/'))
      return void forward(request, response, options.otherwise);
    const path = decodeURIComponent(url.pathname).replace(/^\/storage\/v1/, '');
    const line = `${request.method} ${path}`;
    const how = script.take(line);
    if (how === 'reset') return void request.socket.destroy();
    if (how === 'hang') return;
    if (how === 'refuse-at-once') throw new Refused(413, 'EntityTooLarge', 'Payload too large');
    if (options.forgetful === true && request.headers['transfer-encoding'] === 'chunked') {
      largestChunked = await count(request);
      return void json(response, 200, { Id: randomUUID(), Key: path.replace('/object/', '') });
    }
    // A body that breaks off rejects here, and nothing of it is kept.
    const body = await read(request);
    if (how === 'page') return void response.setHeader('Content-Type', 'text/html').end('<p>Welcome</p>');
    if (typeof how === 'object') return void json(response, how.status, how.body);
    if (request.headers['transfer-encoding'] === 'chunked')
      largestChunked = Math.max(largestChunked, body.length);
    serve(request, response, path, url.searchParams, body, how === 'reset-in-body');
  }

  function serve(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
    body: Buffer,
    breakOff: boolean,
  ): void {
    const [, root, ...rest] = path.split('/');
    if (request.method === 'GET' && root === 'object' && rest[0] === 'sign')
      return void download(
        response,
        openLink(rest.slice(1).join('/'), query),
        query.get('download'),
        breakOff,
      );
    authorize(request);
    if (root === 'bucket' && request.method === 'GET') {
      checkBucket(rest[0]);
      return void json(response, 200, { id: rest[0], name: rest[0], public: false });
    }
    if (root !== 'object') throw new Refused(404, 'NotFound', 'not_found');
    switch (request.method) {
      case 'GET':
        if (rest[0] === 'info') {
          const { content, contentType } = find(rest.slice(1));
          return void json(response, 200, {
            id: randomUUID(),
            size: content.length,
            content_type: contentType,
          });
        }
        return void download(response, find(rest), null, breakOff);
      case 'POST':
        if (rest[0] === 'sign') return void sign(response, rest.slice(1), JSON.parse(body.toString()));
        return void upload(request, response, rest, body);
      case 'DELETE':
        return void removeAll(response, rest[0], JSON.parse(body.toString()));
      default:
        throw new Refused(405, 'MethodNotAllowed', 'Method not allowed');
    }
  }

  function authorize({ headers }: IncomingMessage): void {
    const { serviceRoleKey } = options;
    if (headers.apikey !== serviceRoleKey || headers.authorization !== `Bearer ${serviceRoleKey}`)
      throw new Refused(403, 'InvalidJWT', 'Unauthorized');
  }

  function checkBucket(name: string | undefined): void {
    if (name !== options.bucket) throw noSuchBucket();
  }

  function find([bucket, ...parts]: readonly string[]): FakeSupabaseObject {
    checkBucket(bucket);
    const object = objects.get(parts.join('/'));
    if (object === undefined) throw noSuchKey();
    return object;
  }

  function upload(
    request: IncomingMessage,
    response: ServerResponse,
    [bucket, ...parts]: readonly string[],
    content: Buffer,
  ): void {
    checkBucket(bucket);
    const key = parts.join('/');
    const contentType = request.headers['content-type'] ?? '';
    if (key === '' || !validKey.test(key)) throw new Refused(400, 'InvalidKey', 'InvalidKey');
    if (content.length > (options.fileSizeLimit ?? Number.POSITIVE_INFINITY))
      throw new Refused(413, 'EntityTooLarge', 'Payload too large');
    if (options.allowedMimeTypes?.includes(contentType.split(';')[0] ?? '') === false)
      throw new Refused(415, 'InvalidMimeType', 'invalid_mime_type');
    if (objects.has(key) && request.headers['x-upsert'] !== 'true')
      throw new Refused(409, 'ResourceAlreadyExists', 'Duplicate');
    objects.set(key, { content, contentType });
    json(response, 200, { Id: randomUUID(), Key: `${bucket}/${key}` });
  }

  function sign(response: ServerResponse, parts: readonly string[], wish: { expiresIn: number }): void {
    find(parts);
    const url = parts.join('/');
    const token = tokens.issue({ url, exp: Math.floor(clock() / 1_000) + wish.expiresIn });
    json(response, 200, { signedURL: `/object/sign/${url}?token=${token}` });
  }

  function openLink(url: string, query: URLSearchParams): FakeSupabaseObject {
    if (tokens.open(query.get('token') ?? '') !== url) throw new Refused(400, 'InvalidJWT', 'InvalidJWT');
    return find(url.split('/'));
  }

  function removeAll(
    response: ServerResponse,
    bucket: string | undefined,
    wish: { prefixes: string[] },
  ): void {
    checkBucket(bucket);
    const removed = wish.prefixes.filter((key) => objects.delete(key));
    json(
      response,
      200,
      removed.map((name) => ({ name, bucket_id: bucket })),
    );
  }

  return {
    url: `http://127.0.0.1:${bound.port}`,
    objects,
    requests: script.requests,
    get largestChunked() {
      return largestChunked;
    },
    misbehave: script.misbehave,
    requested: script.requested,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(request: IncomingMessage, response: ServerResponse, to: string): void {
  const { method = 'GET', headers } = request;
  const onwards = send(new URL(request.url ?? '/', to), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onwards.on('error', () => response.destroy());
  request.pipe(onwards);
}

async function count(request: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  return bytes;
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function download(
  response: ServerResponse,
  { content, contentType }: FakeSupabaseObject,
  fileName: string | null,
  breakOff: boolean,
): void {
  response.setHeader('Content-Type', contentType).setHeader('Content-Length', content.length);
  if (fileName !== null)
    response.setHeader(
      'Content-Disposition',
      `attachment; filename*=UTF-8''${encodeURIComponent(fileName)};`,
    );
  if (!breakOff) return void response.end(content);
  response.write(content.subarray(0, content.length / 2), () => response.destroy());
}

/** The old form answers 400 to what is not found or not allowed, and has the number in its body. */
function refuse(
  response: ServerResponse,
  { status, code, legacy }: Refused,
  errors: 'legacy' | 'codes',
): void {
  if (errors === 'codes') return void json(response, status, { code, message: `${code} it is.` });
  const body = { statusCode: String(status), error: legacy, message: `${legacy} it is.` };
  json(response, status === 413 ? 413 : 400, body);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** Tokens of links: JWTs of HS256. */
function createTokens(clock: () => number) {
  const secret = randomUUID();
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signatureOf = (text: string) => createHmac('sha256', secret).update(text).digest();
  return {
    issue(claims: { readonly url: string; readonly exp: number }): string {
      const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
      return `${text}.${signatureOf(text).toString('base64url')}`;
    },
    /** The path that a token is for, unless it is none of ours or has expired. */
    open(token: string): string | undefined {
      const [head, claims, signature] = token.split('.');
      const given = Buffer.from(signature ?? '', 'base64url');
      const right = signatureOf(`${head}.${claims}`);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
      const { url, exp } = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString());
      return exp * 1_000 > clock() ? url : undefined;
    },
  };
}
