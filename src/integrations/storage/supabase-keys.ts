import { MillraceError } from '../../errors/catalogue.ts';
import { keyParts } from './keys.ts';

const maxPathBytes = 1_024;

/**
 * A key as a path in Supabase Storage, which refuses every letter outside ASCII and many signs (`InvalidKey`): those are
 * written as `=` and two hex digits for each byte of UTF-8. Plain keys stay as they are, and no two become one.
 * @throws MillraceError STORAGE_FAILED, not worth a retry.
 */
export function supabasePath(key: string): string {
  const path = keyParts(key)
    .join('/')
    .replace(/[^A-Za-z0-9/_.-]+/gu, escaped);
  if (path.length <= maxPathBytes) return path;
  throw new MillraceError(
    'STORAGE_FAILED',
    `The key that begins with ${JSON.stringify(key.slice(0, 100))} is too long for Supabase Storage: use a shorter one, or letters of ASCII.`,
    { retryable: false },
  );
}

function escaped(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
