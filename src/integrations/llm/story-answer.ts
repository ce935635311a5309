import { z } from 'zod';
import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';
import { faultsOf } from '../../errors/faults.ts';
import type { ModelAnswer } from './port.ts';

/** Bounds of what a model may write, in characters, and how many tags. */
export const answerBounds = { realityCheck: 2_000, eli5Summary: 2_000, tags: 8, tag: 40 } as const;

// Lengths are refinements and not `max`, which would put `maxLength` into the schema on the wire: not every model takes it.
const prose = (max: number) =>
  z
    .string()
    .trim()
    .refine((text) => text.length > 0, 'is empty')
    .refine((text) => text.length <= max, `is longer than ${max} characters`)
    // PostgreSQL keeps no NUL, and no other control character has a meaning in prose.
    .refine((text) => !/[^\P{Cc}\n\r\t]/u.test(text), 'holds control characters');

const score = z.number().min(0).max(10);

/** What the model must answer with, nothing more and nothing less. */
export const storyAnswer = z.strictObject({
  hypeScore: score,
  ethicsScore: score,
  realityCheck: prose(answerBounds.realityCheck),
  eli5Summary: prose(answerBounds.eli5Summary),
  impactTags: z
    .array(prose(answerBounds.tag).refine((tag) => !/[\n\r\t]/.test(tag), 'is not one line'))
    .max(answerBounds.tags),
});

export type StoryAnswer = z.output<typeof storyAnswer>;

const tokens = z.int().min(0);

/** The parts of a response (https://platform.openai.com/docs/api-reference/responses/object) that we go by. */
const responseShape = z.object({
  model: z.string().min(1).max(200).optional().catch(undefined),
  usage: z.object({ input_tokens: tokens, output_tokens: tokens }).optional().catch(undefined),
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
 * Reads the story's assessment out of a response: first its status, then a refusal, then the text against the schema.
 * A response that was refused or cut short arrives without any error of HTTP.
 * Who answered and what it cost is read as well as may be: neither is worth losing an answer for.
 * @throws MillraceError AI_INVALID_OUTPUT with the model's answer; AI_UNAVAILABLE when it is no finished response.
 */
export function readStoryAnswer(response: unknown, askedModel: string): ModelAnswer<StoryAnswer> {
  const read = responseShape.safeParse(response);
  if (!read.success) {
    throw new MillraceError(
      'AI_UNAVAILABLE',
      'OpenAI answered something that is no response. Check OPENAI_BASE_URL.',
    );
  }
  const { status, incomplete_details: incomplete } = read.data;
  const text = contentOf(read.data, 'output_text');
  if (status === 'incomplete') {
    const reason = quote(incomplete?.reason ?? 'no reason given', 60);
    throw invalid(`The model’s answer was cut short (${reason}).`, text);
  }
  if (status === 'failed') throw failed(read.data);
  if (status !== 'completed' && status !== undefined && status !== null) {
    throw new MillraceError(
      'AI_UNAVAILABLE',
      `OpenAI answered before it was done (${quote(status, 60)}); the job asks again.`,
    );
  }
  const refusal = contentOf(read.data, 'refusal');
  if (refusal !== '') throw invalid('The model refused to assess the story.', refusal);
  const { model = askedModel, usage } = read.data;
  const spent = { input: usage?.input_tokens ?? 0, output: usage?.output_tokens ?? 0 };
  return { value: parse(text), model, tokens: spent };
}

function contentOf(response: Response, type: 'output_text' | 'refusal'): string {
  const parts = response.output
    .filter((item) => item.type === 'message')
    .flatMap((item) => item.content ?? [])
    .filter((part) => part.type === type);
  return parts.map((part) => (type === 'refusal' ? (part.refusal ?? 'no reason given') : part.text)).join('');
}

function failed(response: Response): MillraceError {
  const reason = quote(`${response.error?.code ?? ''} ${response.error?.message ?? ''}`.trim(), 300);
  const message = `OpenAI could not finish its answer: ${reason || 'no reason given'}.`;
  if (response.error?.code === 'rate_limit_exceeded')
    return new RateLimitedError('AI_RATE_LIMITED', message, 20_000);
  return new MillraceError('AI_UNAVAILABLE', message);
}

function parse(text: string): StoryAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('The model’s answer is no JSON.', text);
  }
  const answer = storyAnswer.safeParse(json);
  if (answer.success) return answer.data;
  const faults = faultsOf(answer.error.issues);
  const list = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw invalid(`The model’s answer does not fit the schema (${quote(list, 300)}).`, text);
}

function invalid(what: string, answer: string): MillraceError {
  const said = answer.trim() === '' ? 'It said nothing.' : `It said: ${quote(answer, 300)}`;
  return new MillraceError('AI_INVALID_OUTPUT', `${what} ${said}`);
}

/** Text from outside as part of a message: one line, without control characters, at most `max` characters. */
export function quote(text: string, max: number): string {
  const line = text
    .slice(0, 4 * max)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, ' ')
    .trim();
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
}
