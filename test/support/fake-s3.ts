import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { RequestScript } from './request-script.ts';
import { judgeSignature, type SignatureRules } from './signature-v4.ts';

export interface FakeS3Object {
  readonly content: Buffer;
  readonly bytes: number;
  readonly contentType: string;
  /** The `x-amz-meta-*` headers it came with, without their prefix. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the server does instead of answering by the rules. `reset-in-body` sends half of an object and breaks off. */
export type S3Misbehaviour =
  | { readonly status: number; readonly code: string }
  | 'hang'
  | 'reset'
  | 'reset-in-body'
  /** The last step of an upload in parts may fail after its 200 has been sent: the body then holds an error. */
  | 'error-after-200';

export interface FakeS3 {
  readonly url: string;
  readonly objects: ReadonlyMap<string, FakeS3Object>;
  /** Uploads in parts that were begun and neither completed nor removed. */
  readonly openUploads: readonly string[];
  /** Each request as `PUT /bucket/key` followed by the query's names. */
  readonly requests: readonly string[];
  /** Bytes of bodies that were taken in whole. */
  readonly received: number;
  /** What becomes of the next requests that fit; a request is tried against the oldest that is left. */
  misbehave(fits: RegExp, ...how: S3Misbehaviour[]): void;
  /** Resolves when a request has come that fits. */
  requested(fits: RegExp): Promise<void>;
  close(): Promise<void>;
}

export interface FakeS3Options extends SignatureRules {
  readonly bucket: string;
  /** Counts the bytes of bodies and forgets them. */
  readonly forgetful?: boolean;
}

interface Upload {
  readonly key: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly content: Buffer; readonly etag: string; readonly bytes: number }>;
}

class Refused extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

const smallestPart = 5 * 1024 * 1024;
const md5 = (content: Uint8Array) => createHash('md5').update(content).digest('hex');

/**
 * A server on loopback with the rules of S3 that `fauxqs` does not enforce: signatures in headers and links, their
 * expiry, checksums of bodies, the order and size of parts; and with the ways in which S3 fails.
 */
export async function startFakeS3(options: FakeS3Options): Promise<FakeS3> {
  const { bucket } = options;
  const objects = new Map<string, FakeS3Object>();
  const uploads = new Map<string, Upload>();
  const script = new RequestScript<S3Misbehaviour>();
  let received = 0;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (error instanceof Refused) return refuse(request, response, error);
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('The server has no port.');

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://host');
    const line = `${request.method} ${decodeURIComponent(url.pathname)} ${[...url.searchParams.keys()].join(',')}`;
    const how = script.take(line);
    if (how === 'reset') return void request.socket.destroy();
    const body = await read(request);
    if (how === 'hang') return;
    if (typeof how === 'object') throw new Refused(how.status, how.code);
    const bad = judgeSignature(request, options);
    if (bad !== undefined) throw new Refused(bad.status, bad.code);
    checkBody(request, body);
    received += body.length;
    serve(request, response, url, body, how);
  }

  function serve(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    body: Buffer,
    how: S3Misbehaviour | undefined,
  ): void {
    const [, bucketName, ...parts] = decodeURIComponent(url.pathname).split('/');
    const key = parts.join('/');
    if (bucketName !== bucket) throw new Refused(404, 'NoSuchBucket');
    const query = url.searchParams;
    const uploadId = query.get('uploadId');
    switch (request.method) {
      case 'HEAD':
        if (key === '') return void response.end();
        return void sendObject(response, find(key), query, true, how);
      case 'GET':
        return void sendObject(response, find(key), query, false, how);
      case 'PUT':
        if (uploadId !== null) return void putPart(response, uploadId, Number(query.get('partNumber')), body);
        keep(key, body, body.length, about(request));
        return void response.setHeader('ETag', `"${md5(body)}"`).end();
      case 'POST':
        if (query.has('uploads')) return void begin(request, response, key);
        return void complete(response, uploadId ?? '', body.toString(), how);
      case 'DELETE':
        if (uploadId === null) objects.delete(key);
        else if (!uploads.delete(uploadId)) throw new Refused(404, 'NoSuchUpload');
        return void response.writeHead(204).end();
      default:
        throw new Refused(405, 'MethodNotAllowed');
    }
  }

  function find(key: string): FakeS3Object {
    const object = objects.get(key);
    if (object === undefined) throw new Refused(404, 'NoSuchKey');
    return object;
  }

  function keep(
    key: string,
    content: Buffer,
    bytes: number,
    { contentType, metadata }: Pick<FakeS3Object, 'contentType' | 'metadata'>,
  ): void {
    objects.set(key, {
      content: options.forgetful === true ? Buffer.alloc(0) : content,
      bytes,
      contentType,
      metadata,
    });
  }

  function begin(request: IncomingMessage, response: ServerResponse, key: string): void {
    const id = randomUUID();
    uploads.set(id, { key, parts: new Map(), ...about(request) });
    xml(
      response,
      200,
      `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }

  function putPart(response: ServerResponse, id: string, number: number, body: Buffer): void {
    const upload = uploads.get(id);
    if (upload === undefined) throw new Refused(404, 'NoSuchUpload');
    if (!(number >= 1 && number <= 10_000)) throw new Refused(400, 'InvalidArgument');
    const etag = `"${md5(body)}"`;
    upload.parts.set(number, {
      content: options.forgetful === true ? Buffer.alloc(0) : body,
      etag,
      bytes: body.length,
    });
    response.setHeader('ETag', etag).end();
  }

  function complete(
    response: ServerResponse,
    id: string,
    list: string,
    how: S3Misbehaviour | undefined,
  ): void {
    if (how === 'error-after-200') {
      error(response, 200, 'InternalError');
      return;
    }
    const upload = uploads.get(id);
    if (upload === undefined) throw new Refused(404, 'NoSuchUpload');
    const wanted = [...list.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: (/<ETag>(.*?)<\/ETag>/.exec(part)?.[1] ?? '').replaceAll('&quot;', '"'),
    }));
    if (wanted.some(({ number }, index) => index > 0 && number <= (wanted[index - 1]?.number ?? 0)))
      throw new Refused(400, 'InvalidPartOrder');
    const parts = wanted.map(({ number, etag }) => {
      const part = upload.parts.get(number);
      if (part === undefined || part.etag !== etag) throw new Refused(400, 'InvalidPart');
      return part;
    });
    if (parts.slice(0, -1).some(({ bytes }) => bytes < smallestPart))
      throw new Refused(400, 'EntityTooSmall');
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    keep(upload.key, Buffer.concat(parts.map(({ content }) => content)), bytes, upload);
    uploads.delete(id);
    xml(
      response,
      200,
      '<CompleteMultipartUploadResult><ETag>"whole-2"</ETag></CompleteMultipartUploadResult>',
    );
  }

  return {
    url: `http://127.0.0.1:${bound.port}`,
    objects,
    get openUploads() {
      return [...uploads.values()].map(({ key }) => key);
    },
    requests: script.requests,
    get received() {
      return received;
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

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function checkBody(request: IncomingMessage, body: Buffer): void {
  const hash = request.headers['x-amz-content-sha256'];
  if (typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)) {
    if (createHash('sha256').update(body).digest('hex') !== hash)
      throw new Refused(400, 'XAmzContentSHA256Mismatch');
  } else if (typeof hash === 'string' && hash.startsWith('STREAMING-')) {
    throw new Refused(501, 'NotImplemented');
  }
  const sum = request.headers['x-amz-checksum-crc32'];
  if (sum === undefined) return;
  const right = Buffer.alloc(4);
  right.writeUInt32BE(crc32(body));
  if (sum !== right.toString('base64')) throw new Refused(400, 'BadDigest');
}

function about(request: IncomingMessage): Pick<FakeS3Object, 'contentType' | 'metadata'> {
  const metadata = Object.entries(request.headers).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), String(value)]] : [],
  );
  return {
    contentType: request.headers['content-type'] ?? 'binary/octet-stream',
    metadata: Object.fromEntries(metadata),
  };
}

function sendObject(
  response: ServerResponse,
  object: FakeS3Object,
  query: URLSearchParams,
  headOnly: boolean,
  how: S3Misbehaviour | undefined,
): void {
  const disposition = query.get('response-content-disposition');
  if (disposition !== null) response.setHeader('Content-Disposition', disposition);
  response.setHeader('Content-Type', query.get('response-content-type') ?? object.contentType);
  response.setHeader('Content-Length', object.bytes);
  if (headOnly) return void response.end();
  if (how !== 'reset-in-body') return void response.end(object.content);
  response.write(object.content.subarray(0, object.bytes / 2), () => response.destroy());
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, code }: Refused): void {
  if (request.method === 'HEAD') return void response.writeHead(status).end();
  error(response, status, code);
}

function error(response: ServerResponse, status: number, code: string): void {
  xml(response, status, `<Error><Code>${code}</Code><Message>${code}.</Message></Error>`);
}

function xml(response: ServerResponse, status: number, body: string): void {
  response
    .writeHead(status, { 'Content-Type': 'application/xml', 'x-amz-request-id': 'FAKE0REQUEST' })
    .end(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
}
