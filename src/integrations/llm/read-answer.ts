import type { z } from 'zod';
import { MillraceError } from '../../errors/catalogue.ts';
import { faultsOf } from '../../errors/faults.ts';
import type { Completion } from './provider.ts';
import { quote } from './quote.ts';

/**
 * Reads the answer out of a completion: whole, not refused, JSON, and of the form that was asked for.
 * @throws MillraceError AI_INVALID_OUTPUT with what the model said; the provider's own error when it gave up.
 */
export function readAnswer<T>(completion: Completion, form: z.ZodType<T>): T {
  switch (completion.kind) {
    case 'failed':
      throw completion.error;
    case 'cut-short':
      throw invalid(`The model’s answer was cut short (${quote(completion.reason, 60)}).`, completion.text);
    case 'refused':
      throw invalid('The model refused to answer.', completion.said);
    case 'text':
      return parse(completion.text, form);
  }
}

function parse<T>(text: string, form: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('The model’s answer is no JSON.', text);
  }
  const answer = form.safeParse(json);
  if (answer.success) return answer.data;
  const faults = faultsOf(answer.error.issues);
  const list = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw invalid(`The model’s answer does not fit the schema (${quote(list, 300)}).`, text);
}

function invalid(what: string, answer: string): MillraceError {
  const said = answer.trim() === '' ? 'It said nothing.' : `It said: ${quote(answer, 300)}`;
  return new MillraceError('AI_INVALID_OUTPUT', `${what} ${said}`);
}
