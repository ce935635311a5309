import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Busboy } from '@fastify/busboy';

/** A request as the gateway understood it. */
export interface GatewayRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly fields: Readonly<Record<string, string>>;
  readonly file: Buffer;
  readonly fileName: string;
  readonly fileType: string;
}

/** How the gateway answers the request that it has read. */
export type GatewayAnswer = (response: ServerResponse, request: GatewayRequest) => void | Promise<void>;

export interface FakeGateway {
  readonly url: string;
  readonly requests: readonly GatewayRequest[];
  /** Requests that have begun, read or not. */
  readonly begun: number;
  answerWith(answer: GatewayAnswer): void;
  /** Instead of reading requests, from here on; `undefined` ends it. */
  meetWith(meet: ((request: IncomingMessage, response: ServerResponse) => void) | undefined): void;
  close(): Promise<void>;
}

export const goodXml = '<?xml version="1.0" encoding="UTF-8"?>\n<invoice><number>1</number></invoice>\n';

export const xmlAnswer =
  (xml: string | Buffer = goodXml): GatewayAnswer =>
  (response) => {
    response.writeHead(200, { 'Content-Type': 'application/xml' }).end(xml);
  };

export const statusAnswer =
  (status: number, body = '', headers: Readonly<Record<string, string>> = {}): GatewayAnswer =>
  (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);
  };

/** A gateway on loopback that reads its form with a parser that the client does not use. */
export async function startFakeGateway(): Promise<FakeGateway> {
  const requests: GatewayRequest[] = [];
  let answer: GatewayAnswer = xmlAnswer();
  let meet: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  let begun = 0;
  const server = createServer((incoming, response) => {
    begun += 1;
    if (meet !== undefined) {
      meet(incoming, response);
      return;
    }
    readForm(incoming).then(
      (request) => {
        requests.push(request);
        return answer(response, request);
      },
      () => response.writeHead(400).end('malformed form'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port }: AddressInfo = addressOf(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    get begun() {
      return begun;
    },
    answerWith(next) {
      answer = next;
    },
    meetWith(next) {
      meet = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function readForm(incoming: IncomingMessage): Promise<GatewayRequest> {
  return new Promise((resolve, reject) => {
    const fields: Record<string, string> = {};
    const chunks: Buffer[] = [];
    let fileName = '';
    let fileType = '';
    const form = new Busboy({
      headers: { ...incoming.headers, 'content-type': incoming.headers['content-type'] ?? '' },
    });
    form.on('file', (_name, file, name, _encoding, type) => {
      fileName = name;
      fileType = type;
      file.on('data', (chunk: Buffer) => chunks.push(chunk));
    });
    form.on('field', (name, value) => {
      fields[name] = value;
    });
    form.on('error', reject);
    form.on('finish', () => {
      const { method = '', url: path = '', headers } = incoming;
      resolve({ method, path, headers, fields, file: Buffer.concat(chunks), fileName, fileType });
    });
    incoming.on('error', reject);
    incoming.pipe(form);
  });
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('The gateway listens on no port.');
  return address;
}
