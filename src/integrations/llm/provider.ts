import { type ErrorCode, type ErrorOptions, MillraceError } from '../../errors/catalogue.ts';
import type { ModelQuestion } from './port.ts';

/** What a call cost, as the provider counts it. */
export interface ModelUsage {
  /** All that was read, the cached part included. */
  readonly input: number;
  /** The part of it that the provider had read before, and sells cheaper. */
  readonly cachedInput: number;
  /** All that was written, thinking included. */
  readonly output: number;
}

/** How a call ended that the provider answered. Tokens are spent whichever it is. */
export type Completion = {
  readonly model: string;
  /** Absent when the provider does not say. */
  readonly usage: ModelUsage | undefined;
} & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'refused'; readonly said: string }
  | { readonly kind: 'cut-short'; readonly reason: string; readonly text: string }
  /** The provider gave up in the middle. */
  | { readonly kind: 'failed'; readonly error: MillraceError }
);

/** A driver of a provider: one request, one completion, nothing checked but that it is one. */
export interface ModelProvider {
  readonly name: string;
  /** @throws CallError when no completion came; the signal's reason when it was aborted. */
  complete(question: ModelQuestion<unknown>, signal: AbortSignal): Promise<Completion>;
  check(signal: AbortSignal): Promise<{ readonly model: string; readonly latencyMs: number }>;
}

/** A call that gave no completion. */
export class CallError extends MillraceError {
  override readonly name = 'CallError';
  /** Whether it is certain that no tokens were spent: the provider said no, or was never reached. */
  readonly free: boolean;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { readonly free: boolean }) {
    super(code, message, options);
    this.free = options.free;
  }
}
