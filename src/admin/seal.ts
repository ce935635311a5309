import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import { deriveKey } from '../http/keys.ts';

/** Keeps what stands in an address of ours from whoever reads that address: in a page, a history, a trace. */
export interface Seal {
  close(text: string): Promise<string>;
  /** `undefined` for what is none of ours, or was sealed with another secret. */
  open(sealed: string): Promise<string | undefined>;
}

/** @param purpose what is sealed for one is worth nothing for another */
export function createSeal(jwtSecret: string, purpose: string): Seal {
  const key = deriveKey(jwtSecret, purpose);
  return {
    close: (text) =>
      new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(key),
    async open(sealed) {
      try {
        return new TextDecoder().decode((await compactDecrypt(sealed, key)).plaintext);
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}
