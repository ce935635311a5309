import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type AllowedNetworks, isPublicAddress } from './public-addresses.ts';

/** Resolves a name; tests put another in its place. */
export type Resolve = (
  host: string,
  options: { readonly all: true },
  answer: (error: Error | null, addresses: readonly { address: string; family: number }[]) => void,
) => void;

/** What is thrown for a host that is not on the public internet. */
export type NotPublic = (host: string) => Error;

/**
 * A `lookup` for sockets that answers public addresses alone. The socket connects to exactly what is answered here, so
 * a name that resolves differently the next moment (DNS rebinding) gains nothing.
 */
export function createPublicLookup(
  allowed: AllowedNetworks,
  notPublic: NotPublic,
  resolve: Resolve = (host, options, answer) => systemLookup(host, options, answer),
): LookupFunction {
  return (host, options, answer) => {
    resolve(host, { all: true }, (error, addresses) => {
      if (error !== null) return answer(error, '');
      const family = familyOf(options.family);
      const usable = addresses
        .filter(({ address }) => isPublicAddress(address, allowed))
        .filter((found) => family === 0 || found.family === family);
      const [first] = usable;
      if (first === undefined) return answer(notPublic(host), '');
      if (options.all === true) return answer(null, usable);
      answer(null, first.address, first.family);
    });
  };
}

/** @throws what `notPublic` says, for an address in digits that is not public; sockets look up names only. */
export function checkLiteral(host: string, allowed: AllowedNetworks, notPublic: NotPublic): void {
  const address = host.replace(/^\[|\]$/g, '');
  if (/^[\d.]+$|:/.test(address) && !isPublicAddress(address, allowed)) throw notPublic(host);
}

function familyOf(family: number | 'IPv4' | 'IPv6' | undefined): number {
  return family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : (family ?? 0);
}
