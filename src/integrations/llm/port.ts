import type { z } from 'zod';

/** One question to a language model, and the only form that its answer may have. */
export interface ModelQuestion<T> {
  /** Names the answer's form to the provider: up to 64 letters, digits, `_` and `-`. */
  readonly name: string;
  /** What the model is told. Ours alone: nothing from outside belongs here. */
  readonly instructions: string;
  /** What the model is shown. */
  readonly input: string;
  /** A closed object without optional fields, since providers take no other; refinements are checked here alone. */
  readonly answer: z.ZodType<T>;
  /** Thinking counts as output: a tight limit makes models of that kind answer nothing. */
  readonly maxOutputTokens: number;
}

export interface ModelAnswer<T> {
  readonly value: T;
  /** The model that answered, as it names itself. */
  readonly model: string;
  readonly tokens: { readonly input: number; readonly output: number };
}

/** Where the day's tokens stand, over all processes. */
export interface TokenBudget {
  readonly limit: number;
  /** What was used, and what calls may have used whose end nobody saw. */
  readonly used: number;
  /** What calls under way may still use. */
  readonly reserved: number;
  /** Whether a call was refused today that would be refused again. */
  readonly usedUp: boolean;
  readonly resetsAt: Date;
}

/**
 * A language model. Every call is metered and held to the daily budget, whoever makes it: what a processor is handed is
 * `createMeteredModel` of `metered.ts` around a provider's driver, so a new kind of question needs nothing of its own.
 */
export interface LanguageModel {
  readonly name: string;
  /**
   * Asks, and checks the answer against the question's form: what leaves it is refused, not mended.
   * @throws MillraceError AI_UNAUTHORIZED, AI_REJECTED, AI_BUDGET_TOO_SMALL (never retried), AI_INVALID_OUTPUT with what
   * the model said, AI_UNAVAILABLE (retried); AI_RATE_LIMITED and AI_BUDGET_USED_UP with how long to wait.
   */
  ask<T>(question: ModelQuestion<T>, signal: AbortSignal): Promise<ModelAnswer<T>>;
  /** Asks the provider for as little as possible; it costs no tokens. @throws as `ask`. */
  check(signal: AbortSignal): Promise<{ readonly model: string; readonly latencyMs: number }>;
  /** `undefined` where no limit is set. */
  budget(): Promise<TokenBudget | undefined>;
}
