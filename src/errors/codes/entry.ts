/** What stands beside a code. */
export interface ErrorEntry {
  /** HTTP status when the error ends a request. */
  readonly status: number;
  /** Whether a job that failed with it may succeed when tried again. */
  readonly retryable: boolean;
  /** What it means and what to do, for `docs/errors.md`. */
  readonly meaning: string;
}

export function entry(status: number, retryable: boolean, meaning: string): ErrorEntry {
  return { status, retryable, meaning };
}
