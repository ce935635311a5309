import type OpenAI from 'openai';
import { type Sdk, translateError, unavailable } from './openai-errors.ts';
import { readResponse } from './openai-response.ts';
import type { ModelProvider } from './provider.ts';

export interface OpenAiOptions {
  readonly apiKey: string;
  /** With its version, for example `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  /** How long one answer may take in all, its body included. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 90_000;
const checkTimeoutMs = 10_000;

/** A language model behind OpenAI's Responses API, or a server that speaks it. */
export function createOpenAi(options: OpenAiOptions): ModelProvider {
  const { apiKey, baseUrl, model, timeoutMs = defaultTimeoutMs } = options;
  const connection = connectOnce(apiKey, baseUrl);

  /** Runs one request under the caller's signal and a deadline; what goes wrong comes out as an error of ours. */
  async function ask<T>(signal: AbortSignal, deadlineMs: number, request: Request<T>): Promise<T> {
    signal.throwIfAborted();
    const { sdk, client, textFormat } = await connection();
    // The SDK's own timeout ends with the headers or begins anew; this one also holds for a body that trickles.
    const deadline = AbortSignal.timeout(deadlineMs);
    const either = AbortSignal.any([signal, deadline]);
    try {
      return await request({ client, textFormat, signal: either });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (deadline.aborted) throw unavailable(`did not answer within ${deadlineMs / 1000} s`);
      throw translateError(error, sdk, { model, secret: apiKey });
    }
  }

  return {
    name: 'openai',

    complete: (question, signal) =>
      ask(signal, timeoutMs, async ({ client, textFormat, signal }) => {
        // `create` and not `parse`: a text that does not fit would be lost in the error that `parse` throws.
        const response = await client.responses.create(
          {
            model,
            instructions: question.instructions,
            input: [{ role: 'user', content: question.input }],
            text: { format: textFormat(question.answer, question.name) },
            store: false,
            max_output_tokens: question.maxOutputTokens,
          },
          { signal },
        );
        return readResponse(response, model);
      }),

    check: (signal) =>
      // Reading the model's record costs no tokens, and fails when the key or the model is wrong.
      ask(signal, Math.min(timeoutMs, checkTimeoutMs), async ({ client, signal }) => {
        const started = performance.now();
        const found = await client.models.retrieve(model, { signal });
        return { model: found.id || model, latencyMs: Math.round(performance.now() - started) };
      }),
  };
}

type Request<T> = (tools: {
  readonly client: OpenAI;
  readonly textFormat: typeof import('openai/helpers/zod').zodTextFormat;
  readonly signal: AbortSignal;
}) => Promise<T>;

/** Loads the SDK at first use: it takes a third of a second, which a start without AI need not spend. */
function connectOnce(apiKey: string, baseURL: string) {
  let connected: Promise<Connected> | undefined;
  return () => {
    connected ??= connect(apiKey, baseURL);
    return connected;
  };
}

interface Connected {
  readonly sdk: Sdk;
  readonly client: OpenAI;
  readonly textFormat: typeof import('openai/helpers/zod').zodTextFormat;
}

async function connect(apiKey: string, baseURL: string): Promise<Connected> {
  const [sdk, { zodTextFormat }] = await Promise.all([import('openai'), import('openai/helpers/zod')]);
  // Named nowhere else, organisation and project would be taken from the environment. Retries are the queue's.
  const client = new sdk.OpenAI({
    apiKey,
    baseURL,
    maxRetries: 0,
    logLevel: 'off',
    organization: null,
    project: null,
  });
  return { sdk, client, textFormat: zodTextFormat };
}
