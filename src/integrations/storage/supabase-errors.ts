import { MillraceError } from '../../errors/catalogue.ts';
import { noSuchFile } from './no-such-file.ts';

/** What storage-js gives beside `data: null`: `statusCode` is the body's number or code, `status` the answer's own. */
export interface SupabaseFault {
  readonly status?: number | undefined;
  readonly statusCode?: string | undefined;
  readonly code?: string | undefined;
  readonly originalError?: unknown;
}

type Kind = 'missing' | 'no-bucket' | 'refused' | 'too-large' | 'wrong-type' | 'passing' | 'wrong' | 'broken';

/**
 * The service's own codes (supabase.com/docs/guides/storage/debugging/error-codes). Older servers answer 400 to nearly
 * everything and put a number into the body, so the HTTP status is asked last.
 */
const kindByCode: Readonly<Record<string, Kind>> = {
  NoSuchKey: 'missing',
  '404': 'missing',
  NoSuchBucket: 'no-bucket',
  AccessDenied: 'refused',
  Unauthorized: 'refused',
  InvalidJWT: 'refused',
  SignatureDoesNotMatch: 'refused',
  '401': 'refused',
  '403': 'refused',
  EntityTooLarge: 'too-large',
  '413': 'too-large',
  InvalidMimeType: 'wrong-type',
  '415': 'wrong-type',
  SlowDown: 'passing',
  TooManyRequests: 'passing',
  DatabaseTimeout: 'passing',
  DatabaseError: 'passing',
  InternalError: 'passing',
  ResourceLocked: 'passing',
  LockTimeout: 'passing',
  KeyAlreadyExists: 'passing',
  ResourceAlreadyExists: 'passing',
  S3Error: 'passing',
  '408': 'passing',
  '409': 'passing',
  '423': 'passing',
  '429': 'passing',
  '544': 'passing',
};

function kindOf({ status, statusCode, code }: SupabaseFault): Kind {
  for (const word of [code, statusCode]) {
    const known = word === undefined || !Object.hasOwn(kindByCode, word) ? undefined : kindByCode[word];
    if (known !== undefined) return known;
  }
  const number = Number(statusCode);
  const judged = Number.isInteger(number) && number !== 0 ? number : status;
  if (judged === undefined) return 'broken';
  return judged >= 500 ? 'passing' : 'wrong';
}

/** Whether there is no such file, as far as the answer tells it from a bucket that is not there. */
export function isMissing(fault: SupabaseFault): boolean {
  return kindOf(fault) === 'missing';
}

/**
 * What a fault of Supabase Storage means for a job.
 * @param key of the file that was to be read: a missing one is told as such.
 */
export function supabaseError(
  fault: SupabaseFault,
  doing: string,
  bucket: string,
  key?: string,
): MillraceError {
  const kind = kindOf(fault);
  if (kind === 'missing' && key !== undefined) return noSuchFile(key);
  if (kind === 'broken') return unreachable(fault.originalError, doing);
  const said = fault.code ?? fault.statusCode ?? String(fault.status);
  return new MillraceError(
    'STORAGE_FAILED',
    `Supabase Storage could not ${doing}: ${said}. ${adviceOn(kind, bucket)}`,
    { retryable: kind === 'passing' },
  );
}

function adviceOn(kind: Kind, bucket: string): string {
  switch (kind) {
    case 'missing':
    case 'no-bucket':
      return `There is no bucket ${bucket}: make it, or set STORAGE_BUCKET to one that is there.`;
    case 'refused':
      return 'The key is refused: check SUPABASE_SERVICE_ROLE_KEY, which must be the service role’s.';
    case 'too-large':
      return `The file is above the limit of the bucket ${bucket} or of the project: raise it.`;
    case 'wrong-type':
      return `The bucket ${bucket} does not allow files of this type: add it to those it allows.`;
    case 'passing':
      return 'It is tried again.';
    default:
      return 'The service takes the request for wrong, so it is not tried again.';
  }
}

/** A connection that failed, or an answer that is none of the service's. */
export function unreachable(cause: unknown, doing: string): MillraceError {
  return new MillraceError(
    'STORAGE_FAILED',
    `Supabase Storage could not be reached to ${doing}, or broke off. Check the network and SUPABASE_URL when it happens again.`,
    { ...(cause === undefined ? {} : { cause }), retryable: true },
  );
}
