import { MillraceError } from '../../errors/catalogue.ts';

/** File systems hold names of up to 255 bytes, S3 keys of up to 1,024. */
const maxSegmentBytes = 255;
const maxKeyBytes = 1_024;

/**
 * Control characters and backslashes change meaning between systems; a colon names a drive or a stream on Windows.
 */
const forbidden = /[\p{Cc}\u2028\u2029\\:]/u;

/**
 * Accepts a relative path with forward slashes, such as `reports/abc.pdf`, that every driver keeps under the same name
 * and that cannot leave the storage. No part may begin with a dot, so `..` and the drivers' own files are out of reach.
 * @returns the parts between the slashes.
 * @throws MillraceError STORAGE_FAILED, not worth a retry, that says what is wrong with the key.
 */
export function keyParts(key: string): string[] {
  const parts = key.split('/');
  const fault = faultOf(key, parts);
  if (fault === undefined) return parts;
  throw new MillraceError(
    'STORAGE_FAILED',
    `${JSON.stringify(key.slice(0, 200))} cannot be the key of a file: ${fault}. Use a path such as "reports/abc.pdf".`,
    { retryable: false },
  );
}

function faultOf(key: string, parts: readonly string[]): string | undefined {
  if (key === '') return 'it is empty';
  if (key.startsWith('/')) return 'it is absolute';
  if (!key.isWellFormed()) return 'it holds half a character';
  if (forbidden.test(key)) return 'it holds a control character, a backslash or a colon';
  if (Buffer.byteLength(key) > maxKeyBytes) return `it is longer than ${maxKeyBytes} bytes`;
  for (const part of parts) {
    if (part === '') return 'a part of it is empty';
    if (part.startsWith('.')) return 'a part of it begins with a dot';
    // Windows drops these, so that two keys would name one file.
    if (part.endsWith('.') || part.endsWith(' ')) return 'a part of it ends with a dot or a space';
    if (Buffer.byteLength(part) > maxSegmentBytes)
      return `a part of it is longer than ${maxSegmentBytes} bytes`;
  }
  return undefined;
}
