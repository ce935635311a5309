import { CommanderError } from 'commander';

/** 0 after help, 2 when it was asked wrongly, what a command of ours says, and 1 for all else. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof CommanderError)) return 1;
  if (error.code.startsWith('millrace.')) return error.exitCode;
  return error.exitCode === 0 ? 0 : 2;
}
