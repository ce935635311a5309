import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { requestFault } from './fake-openai-contract.ts';

/**
 * A loopback server that holds to OpenAI's Responses API (https://platform.openai.com/docs/api-reference/responses):
 * it asks for the key, refuses requests and schemas that the real one refuses, and answers in its shapes. What it
 * says next can be scripted; unscripted it gives a valid assessment.
 */
export interface FakeOpenAi {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  /** Every request that was taken in, in order. */
  readonly requests: readonly RecordedRequest[];
  /** Replies for the next requests, one each; after them comes the usual one. */
  next(...replies: readonly Reply[]): void;
  /** Chooses the reply by what a request says; `undefined` leaves it to the script. */
  answerBy(choose: (body: string) => Reply | undefined): void;
  /** Resolves when the next request has arrived, before it is answered. */
  arrival(): Promise<void>;
  close(): Promise<void>;
}

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export type Reply =
  /** A completed response whose text is this value as JSON. */
  | {
      readonly answer: unknown;
      readonly model?: string;
      readonly tokens?: { input: number; output: number; cached?: number };
    }
  /** A completed response with this text. */
  | { readonly text: string }
  | { readonly refusal: string }
  | { readonly incomplete: 'max_output_tokens' | 'content_filter'; readonly text: string }
  | { readonly failed: { readonly code: string; readonly message: string } }
  | { readonly status: string }
  | {
      readonly http: number;
      readonly error?: { message: string; type?: string; code?: string | null };
      readonly headers?: Record<string, string>;
    }
  | { readonly raw: string; readonly contentType?: string }
  /** `hang` never answers; `trickle` begins a body and sends a blank now and then; `reset` cuts the connection at once, `reset-body` within the body. */
  | 'hang'
  | 'trickle'
  | 'reset'
  | 'reset-body'
  /** Does this, for instance an edit of the story, before the usual answer. */
  | (() => Promise<void>);

export const usualAssessment = {
  hypeScore: 7.2,
  ethicsScore: 4.8,
  realityCheck: 'The speed is claimed by the maker alone.',
  eli5Summary: 'A firm made a new computer helper.',
  impactTags: ['privacy', 'work'],
};

export async function startFakeOpenAi(
  options: { readonly apiKey?: string; readonly model?: string } = {},
): Promise<FakeOpenAi> {
  const apiKey = options.apiKey ?? 'sk-test-9f8e7d6c5b4a39281706f5e4d3c2b1a0';
  const model = options.model ?? 'gpt-5-mini';
  const requests: RecordedRequest[] = [];
  const script: Reply[] = [];
  let choose: (body: string) => Reply | undefined = () => undefined;

  const server = createServer((request, response) => {
    // A client that gives up ends its request half way; nobody is left to tell.
    serve(request, response).catch(() => response.destroy());
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readAll(request);
    const path = request.url ?? '/';
    requests.push({ method: request.method ?? 'GET', path, body: parseOrText(text) });
    server.emit('arrival');
    if (request.headers.authorization !== `Bearer ${apiKey}`) {
      const shown = `${request.headers.authorization?.slice('Bearer '.length)}`;
      return sendError(response, 401, {
        message: `Incorrect API key provided: ${shown}.`,
        code: 'invalid_api_key',
      });
    }
    const reply = choose(text) ?? script.shift() ?? { answer: usualAssessment };
    if (request.method === 'GET' && path.startsWith('/v1/models/') && 'answer' in Object(reply)) {
      return sendModel(response, decodeURIComponent(path.slice('/v1/models/'.length)), model);
    }
    if (request.method === 'POST' && path === '/v1/responses') {
      const fault = requestFault(parseOrText(text), model);
      if (fault !== undefined) return sendError(response, fault.status, fault);
    } else if (!path.startsWith('/v1/models/')) {
      return sendError(response, 404, { message: `Invalid URL (${request.method} ${path})`, code: null });
    }
    return send(response, reply, model);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The fake got no port.');

  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    apiKey,
    model,
    requests,
    next: (...replies) => void script.push(...replies),
    answerBy(wanted) {
      choose = wanted;
    },
    async arrival() {
      await once(server, 'arrival');
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function send(response: ServerResponse, reply: Reply, model: string): Promise<void> {
  if (typeof reply === 'function') {
    await reply();
    return sendJson(response, 200, completed(model, [outputText(JSON.stringify(usualAssessment))]));
  }
  if (reply === 'hang') return;
  if (reply === 'reset') return void response.socket?.resetAndDestroy();
  if (reply === 'trickle' || reply === 'reset-body') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"id":');
    if (reply === 'reset-body') {
      await new Promise((resolve) => response.write(' ', resolve));
      return void response.socket?.resetAndDestroy();
    }
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
    return;
  }
  if ('raw' in reply) {
    response.writeHead(200, { 'content-type': reply.contentType ?? 'application/json' });
    return void response.end(reply.raw);
  }
  if ('http' in reply) {
    const error = reply.error ?? { message: 'The server had an error while processing your request.' };
    return sendError(response, reply.http, error, reply.headers);
  }
  sendJson(response, 200, responseOf(reply, model));
}

function responseOf(
  reply: Exclude<Extract<Reply, object>, { http: number } | { raw: string }>,
  model: string,
) {
  if ('refusal' in reply) return completed(model, [{ type: 'refusal', refusal: reply.refusal }]);
  if ('incomplete' in reply) {
    const cut = completed(model, [outputText(reply.text)]);
    return { ...cut, status: 'incomplete', incomplete_details: { reason: reply.incomplete } };
  }
  if ('failed' in reply)
    return { ...completed(model, []), status: 'failed', output: [], error: reply.failed };
  if ('status' in reply) return { ...completed(model, []), status: reply.status, output: [] };
  if ('text' in reply) return completed(model, [outputText(reply.text)]);
  if ('answer' in reply) {
    return completed(reply.model ?? model, [outputText(JSON.stringify(reply.answer))], reply.tokens);
  }
  throw new Error('The reply has no known form.');
}

function outputText(text: string) {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function completed(
  model: string,
  content: readonly object[],
  tokens: { input: number; output: number; cached?: number } = { input: 350, output: 120 },
) {
  return {
    id: 'resp_0123456789abcdef',
    object: 'response',
    created_at: 1_767_225_600,
    status: 'completed',
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model,
    // Models that think put an item of their own before the message.
    output: [
      { type: 'reasoning', id: 'rs_0', summary: [] },
      { type: 'message', id: 'msg_0', role: 'assistant', status: 'completed', content },
    ],
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: {
      input_tokens: tokens.input,
      input_tokens_details: { cached_tokens: tokens.cached ?? 0 },
      output_tokens: tokens.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: tokens.input + tokens.output,
    },
  };
}

function sendModel(response: ServerResponse, asked: string, model: string): void {
  if (asked === model) {
    sendJson(response, 200, { id: model, object: 'model', created: 1_767_225_600, owned_by: 'system' });
  } else {
    sendError(response, 404, { message: `The model '${asked}' does not exist`, code: 'model_not_found' });
  }
}

function sendError(
  response: ServerResponse,
  status: number,
  error: { message: string; type?: string; code?: string | null; param?: string | null },
  headers: Record<string, string> = {},
): void {
  const { message, type = 'invalid_request_error', code = null, param = null } = error;
  sendJson(response, status, { error: { message, type, param, code } }, headers);
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_0', ...headers });
  response.end(JSON.stringify(body));
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
