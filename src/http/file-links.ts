import { deriveSigningKey, isSignedBy, sign } from './keys.ts';

export interface FileLink {
  readonly url: string;
  readonly expiresAt: Date;
}

/** Links to documents that need no token: they carry a signature and expire. */
export interface FileLinks {
  /** @param ttlMs how long it is good for; 15 minutes when absent. */
  linkTo(document: { readonly id: string; readonly fileName: string }, ttlMs?: number): FileLink;
  /** Whether a link is ours and of now. `expires` is in seconds since 1970. */
  allows(documentId: string, expires: number, signature: string): boolean;
}

const defaultTtlMs = 15 * 60_000;

/** @param base the address that links begin with, without a slash at its end. */
export function createFileLinks(jwtSecret: string, base: () => string): FileLinks {
  const key = deriveSigningKey(jwtSecret, 'file links');
  const signed = (id: string, expires: number) => `${id}\n${expires}`;
  return {
    linkTo({ id, fileName }, ttlMs = defaultTtlMs) {
      const expires = Math.ceil((Date.now() + ttlMs) / 1_000);
      const path = `/files/${encodeURIComponent(id)}/${encodeURIComponent(fileName)}`;
      const signature = sign(key, signed(id, expires));
      return {
        url: `${base()}${path}?expires=${expires}&signature=${signature}`,
        expiresAt: new Date(expires * 1_000),
      };
    },
    allows: (id, expires, signature) =>
      expires * 1_000 > Date.now() && isSignedBy(key, signed(id, expires), signature),
  };
}
