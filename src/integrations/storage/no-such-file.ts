import { MillraceError } from '../../errors/catalogue.ts';

/** The one answer of all drivers to a key that names nothing. */
export function noSuchFile(key: string): MillraceError {
  return new MillraceError(
    'STORAGE_FAILED',
    `The storage has no file ${key}. It was removed, or never written here.`,
    { retryable: false },
  );
}
