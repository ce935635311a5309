import { CommanderError } from 'commander';
import { ClientError, WaitTimeoutError } from '../client/index.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';
import { jobExitCodes } from './follow.ts';

/** 0 after help, 2 when it was asked wrongly, what a command of ours says, and 1 for all else. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof WaitTimeoutError) return jobExitCodes.late;
  if (!(error instanceof CommanderError)) return 1;
  if (error.code.startsWith('millrace.')) return error.exitCode;
  return error.exitCode === 0 ? 0 : 2;
}

/** What stderr is told of an error: its code and words. Nothing of commander's, which has written what there is to say. */
export function faultText(error: unknown): string {
  if (error instanceof CommanderError) return '';
  const coded = error instanceof MillraceError || error instanceof ClientError;
  return coded ? `${error.code}: ${error.message}\n` : `${messageOf(error)}\n`;
}
