import { z } from 'zod';
import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';
import { unavailable } from './openai-errors.ts';
import type { Completion } from './provider.ts';
import { quote } from './quote.ts';

const tokens = z.int().min(0);

/** The parts of a response (https://platform.openai.com/docs/api-reference/responses/object) that we go by. */
const responseShape = z.object({
  model: z.string().min(1).max(200).optional().catch(undefined),
  usage: z
    .object({
      input_tokens: tokens,
      input_tokens_details: z.object({ cached_tokens: tokens }).optional().catch(undefined),
      output_tokens: tokens,
    })
    .optional()
    .catch(undefined),
  status: z.string().nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  output: z.array(
    z.object({
      type: z.string(),
      content: z
        .array(z.object({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() }))
        .optional(),
    }),
  ),
});

type Response = z.output<typeof responseShape>;

/**
 * Reads a response: first its status, then a refusal, then the text. One that was refused or cut short arrives without
 * any error of HTTP. Who answered and what it cost is read as well as may be: neither is worth losing an answer for.
 * @throws CallError AI_UNAVAILABLE when it is no finished response.
 */
export function readResponse(response: unknown, askedModel: string): Completion {
  const read = responseShape.safeParse(response);
  if (!read.success) throw unavailable('answered something that is no response. Check OPENAI_BASE_URL');
  const { model = askedModel, usage, status, incomplete_details: incomplete } = read.data;
  const call = {
    model,
    usage:
      usage === undefined
        ? undefined
        : {
            input: usage.input_tokens,
            cachedInput: Math.min(usage.input_tokens, usage.input_tokens_details?.cached_tokens ?? 0),
            output: usage.output_tokens,
          },
  };
  const text = contentOf(read.data, 'output_text');
  if (status === 'incomplete') {
    return { ...call, kind: 'cut-short', reason: incomplete?.reason ?? 'no reason given', text };
  }
  if (status === 'failed') return { ...call, kind: 'failed', error: failed(read.data) };
  if (status !== 'completed' && status !== undefined && status !== null)
    throw unavailable(`answered before it was done (${quote(status, 60)}); the job asks again`);
  const said = contentOf(read.data, 'refusal');
  return said === '' ? { ...call, kind: 'text', text } : { ...call, kind: 'refused', said };
}

function contentOf(response: Response, type: 'output_text' | 'refusal'): string {
  const parts = response.output
    .filter((item) => item.type === 'message')
    .flatMap((item) => item.content ?? [])
    .filter((part) => part.type === type);
  return parts.map((part) => (type === 'refusal' ? (part.refusal ?? 'no reason given') : part.text)).join('');
}

/** Limits are counted by the minute, and a failed response says nothing of how long. */
const limitWaitMs = 20_000;

function failed(response: Response): MillraceError {
  const reason = quote(`${response.error?.code ?? ''} ${response.error?.message ?? ''}`.trim(), 300);
  const message = `OpenAI could not finish its answer: ${reason || 'no reason given'}.`;
  if (response.error?.code === 'rate_limit_exceeded')
    return new RateLimitedError('AI_RATE_LIMITED', message, limitWaitMs);
  return new MillraceError('AI_UNAVAILABLE', message);
}
