import { type ErrorCode, MillraceError } from '../../errors/catalogue.ts';

/** A file that cannot be had or read for good: another attempt meets the same file. */
export function refuse(code: ErrorCode, message: string, cause?: unknown): MillraceError {
  return new MillraceError(code, message, { retryable: false, ...(cause === undefined ? {} : { cause }) });
}

export function megabytes(bytes: number): string {
  return `${Math.floor(bytes / (1024 * 1024))} MB`;
}
