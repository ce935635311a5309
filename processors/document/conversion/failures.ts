import { type ErrorCode, MillraceError, UnrecoverableError } from '../../../src/errors/catalogue.ts';
import type { Classified } from '../../../src/errors/classify.ts';

/** Codes that the row of a conversion may bear; anything else is UNKNOWN there. */
const rowCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'GW_4XX',
  'TOO_LARGE',
  'GW_5XX',
  'GW_TIMEOUT',
  'IO_ERROR',
  'BAD_XML',
  'NO_TEXT',
  'PDF_ENCRYPTED',
  'PDF_UNREADABLE',
  'MAPPING_NOT_FOUND',
  'MAPPING_INVALID',
]);

/** Longer messages are cut: a column is no log. */
const longestMessage = 500;

/** What the row says of a failure; of one that nobody foresaw it says where to look, and nothing of our insides. */
export function failureOf({ code, message }: Classified, jobId: string): { code: string; message: string } {
  if (rowCodes.has(code)) return { code, message: message.slice(0, longestMessage) };
  if (code === 'JOB_CANCELLED') return { code: 'UNKNOWN', message };
  const what = code === 'JOB_TIMEOUT' ? message : 'An unexpected error occurred.';
  return { code: 'UNKNOWN', message: `${what} The dead letter of job ${jobId} has more.` };
}

/** A file that storage does not give or take is the conversion's I/O error; a row that is not there, a defect of the job. */
export function conversionFault(error: unknown, missingId?: string): unknown {
  if (missingId !== undefined) {
    return new UnrecoverableError(`No conversion has the id "${missingId}".`, {
      code: 'CONVERSION_NOT_FOUND',
    });
  }
  if (!(error instanceof MillraceError) || error.code !== 'STORAGE_FAILED') return error;
  return new MillraceError('IO_ERROR', error.message, { cause: error, retryable: error.retryable });
}
