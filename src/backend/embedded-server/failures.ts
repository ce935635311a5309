/** The two ways in which the embedded server fails, and how anything thrown becomes one of them. */
import { readFile } from 'node:fs/promises';
import { MillraceError } from '../../errors/catalogue.ts';

const TAIL_LINES = 12;
const UNREACHABLE_CODES: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'];

/** The ways out that are always open. */
export const WAYS_OUT =
  'Move the checkout to a folder that every user can enter, run as a normal user (not root), or set ' +
  'DATABASE_URL to a PostgreSQL of your own.';

/** The folder, or the user to run as, is in the way. */
export function unreachable(message: string, cause?: unknown): MillraceError {
  return new MillraceError('EMBEDDED_UNREACHABLE', message, { cause });
}

/** The server does not start, or does not stop. */
export function failed(message: string, cause?: unknown): MillraceError {
  return new MillraceError('EMBEDDED_FAILED', message, { cause });
}

/** Gives each error a code of the catalogue: those of the file system are about who may do what where. */
export function translate(error: unknown, dataDir: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (UNREACHABLE_CODES.includes(errorCode(error))) {
    return unreachable(
      `The embedded PostgreSQL cannot use its folder ${dataDir}: ${text}. Make it writable for this user ` +
        '(it may have been made by another one), or set DATABASE_URL to a PostgreSQL of your own.',
      error,
    );
  }
  return failed(`The embedded PostgreSQL in ${dataDir} failed: ${text}`, error);
}

/** The `code` of an error of Node, of the system or of PostgreSQL. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The last lines of the server's log, for the message of an error. */
export async function lastWords(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const lines = text.trim().split('\n').slice(-TAIL_LINES).join('\n');
  return lines === '' ? `Its log ${log} is empty.` : `The last lines of ${log}:\n${lines}`;
}
