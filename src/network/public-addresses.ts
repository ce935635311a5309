import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * Addresses that the registries call global but that are a cloud's own service to its machines.
 * Source: Azure, "What is IP address 168.63.129.16?".
 */
const internalServices = ['168.63.129.16/32'];

/** Networks that may be reached beside the public ones, in CIDR notation; for tests on loopback. */
export type AllowedNetworks = readonly string[];

/**
 * Whether an address belongs to the public internet: neither private, loopback, link-local (where clouds serve their
 * metadata), shared, reserved nor multicast, nor an IPv6 form that carries an IPv4 address (mapped, NAT64, 6to4,
 * Teredo). Source: IANA's special-purpose address registries (RFC 6890).
 */
export function isPublicAddress(text: string, allowed: AllowedNetworks = []): boolean {
  // Stricter than the parser, which also reads the short forms of old (8.8.8).
  if (isIP(text) === 0 || !ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (isWithin(address, allowed)) return true;
  if (isWithin(address, internalServices)) return false;
  if (address.kind() === 'ipv4') return address.range() === 'unicast';
  // IPv6 hands out global addresses from 2000::/3 alone (RFC 4291, section 2.4).
  return address.range() === 'unicast' && isWithin(address, ['2000::/3']);
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, networks: AllowedNetworks): boolean {
  return networks.some((network) => {
    const [base, bits] = ipaddr.parseCIDR(network);
    return base.kind() === address.kind() && address.match(base, bits);
  });
}
