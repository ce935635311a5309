import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';
import type { Events } from '../../observability/events.ts';
import type { ModelBudget, TokenReservation } from '../database/port.ts';
import { costOf, type ModelPrices } from './cost.ts';
import type { LanguageModel, ModelQuestion } from './port.ts';
import { CallError, type Completion, type ModelProvider } from './provider.ts';
import { readAnswer } from './read-answer.ts';

export interface MeterOptions {
  readonly budget: ModelBudget;
  /** Tokens a day (UTC) that all processes together may use; without one everything is counted and nothing refused. */
  readonly dailyLimit: number | undefined;
  readonly prices: ModelPrices;
  readonly events: Events;
  /** Hears that a call's tokens could not be written down; what was reserved for it then counts as used. */
  onError(error: unknown): void;
}

/** Longer than any call may take: what is still reserved then belongs to a process that died, and counts as used. */
const holdSeconds = 600;
/** How long to wait while others' calls may still give back what they reserved. */
const busyWaitMs = 10_000;
/** What a provider adds to a question: roles, separators, the frame of the schema. */
const frameTokens = 200;

/**
 * Meters every call of a provider and holds it to the daily budget; the one way to a `LanguageModel`.
 *
 * Before a call all that it may cost is reserved in the database, after it the reservation is replaced by what it did
 * cost: processes that call at once cannot use more than the limit together. A call whose end nobody saw, since it was
 * cut off or its process was killed, counts with all that was reserved for it: the count is never less than the truth.
 */
export function createMeteredModel(provider: ModelProvider, options: MeterOptions): LanguageModel {
  const { budget, dailyLimit, events, onError } = options;

  const settle = async (id: string, { model, usage }: Completion) => {
    if (usage === undefined) return;
    await budget.settle(id, { model, input: usage.input, output: usage.output }).catch(onError);
    events.emit('ai.used', {
      model,
      inputTokens: usage.input,
      outputTokens: usage.output,
      dollars: costOf(usage, model, options.prices),
    });
  };

  return {
    name: provider.name,

    async ask(question, signal) {
      signal.throwIfAborted();
      const reservation = { id: randomUUID(), tokens: mostTokens(question), limit: dailyLimit, holdSeconds };
      await reserve(budget, reservation);
      let completion: Completion;
      try {
        completion = await provider.complete(question, signal);
      } catch (error) {
        if (error instanceof CallError && error.free) await budget.release(reservation.id).catch(onError);
        throw error;
      }
      await settle(reservation.id, completion);
      const { model, usage } = completion;
      return {
        value: readAnswer(completion, question.answer),
        model,
        tokens: { input: usage?.input ?? 0, output: usage?.output ?? 0 },
      };
    },

    check: (signal) => provider.check(signal),

    async budget() {
      if (dailyLimit === undefined) return undefined;
      const { used, reserved, smallestRefused, resetsAt } = await budget.today();
      const usedUp =
        used >= dailyLimit || (smallestRefused !== undefined && used + smallestRefused > dailyLimit);
      return { limit: dailyLimit, used, reserved, usedUp, resetsAt };
    },
  };
}

/**
 * An upper bound of what a call can cost. No token of a byte-level vocabulary is shorter than a byte, and the answer has
 * a limit; real texts need about a quarter of that, and the difference is given back after the call.
 */
export function mostTokens(question: ModelQuestion<unknown>): number {
  const form = JSON.stringify(z.toJSONSchema(question.answer, { io: 'input', unrepresentable: 'any' }));
  const read = [question.instructions, question.input, form].map((text) => Buffer.byteLength(text));
  return read.reduce((sum, bytes) => sum + bytes, frameTokens + question.maxOutputTokens);
}

async function reserve(budget: ModelBudget, reservation: TokenReservation): Promise<void> {
  const { tokens, limit } = reservation;
  const { outcome, used, waitMs } = await budget.reserve(reservation);
  if (outcome === 'granted' || limit === undefined) return;
  const call = `this call may need up to ${tokens.toLocaleString('en')} tokens`;
  const day = `OPENAI_DAILY_TOKEN_LIMIT (${limit.toLocaleString('en')})`;
  if (tokens > limit) {
    throw new MillraceError(
      'AI_BUDGET_TOO_SMALL',
      `${day} is too small: ${call}. Raise it, then replay the job.`,
    );
  }
  if (outcome === 'busy') {
    const message = `The rest of ${day} is reserved by calls under way, and ${call}. The job waits for what they give back.`;
    throw new RateLimitedError('AI_BUDGET_USED_UP', message, busyWaitMs);
  }
  const message = `${day} is used up: ${used.toLocaleString('en')} tokens today, and ${call}. The job waits for the next day (UTC).`;
  throw new RateLimitedError('AI_BUDGET_USED_UP', message, waitMs);
}
