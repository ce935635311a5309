import { CommanderError } from 'commander';
import { ClientError, WaitTimeoutError } from '../client/index.ts';
import { type ErrorCode, MillraceError } from '../errors/catalogue.ts';
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
  if (!coded) return `${messageOf(error)}\n`;
  const next = nextSteps.get(error.code);
  return `${error.code}: ${error.message}\n${next === undefined ? '' : `${next}\n`}`;
}

const takes = 'What each job takes stands at /api/docs of the platform, and in queues/.';

/** What the platform cannot say, since it does not know of this command line. */
const nextSteps: ReadonlyMap<string, string> = new Map([
  ['JOB_NOT_FOUND', 'See which there are: millrace job list'],
  ['UNKNOWN_JOB', takes],
  ['INVALID_PAYLOAD', takes],
  ['DEAD_LETTER_NOT_FOUND', 'See which there are: millrace dead-letters list --letters'],
  ['TOKEN_NOT_FOUND', 'See which there are: millrace token list'],
  [
    'UNAUTHENTICATED',
    'The command line signs with JWT_SECRET, or in development with the secret in DATA_DIR: give it those of the platform.',
  ],
] satisfies [ErrorCode, string][]);
