import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/network/public-addresses.ts';
import { createPublicLookup } from '../../src/network/public-lookup.ts';
import { retryAfterMs } from '../../src/network/retry-after.ts';

describe('public addresses', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.7',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:a9fe:a9fe',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::a00:1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '4000::1',
    '',
    'localhost',
    '8.8.8',
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450:4001::1'])(
    'takes %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it('takes what is allowed besides, and nothing next to it', () => {
    expect(isPublicAddress('127.0.0.1', ['127.0.0.1/32'])).toBe(true);
    expect(isPublicAddress('127.0.0.2', ['127.0.0.1/32'])).toBe(false);
    expect(isPublicAddress('::1', ['127.0.0.1/32'])).toBe(false);
  });

  it('never takes an address of a private network, in whatever form IPv6 carries it', () => {
    const part = fc.integer({ min: 0, max: 255 });
    const inside = fc.oneof(
      fc.tuple(fc.constant(10), part, part, part),
      fc.tuple(fc.constant(127), part, part, part),
      fc.tuple(fc.constant(169), fc.constant(254), part, part),
      fc.tuple(fc.constant(192), fc.constant(168), part, part),
    );
    fc.assert(
      fc.property(
        inside,
        fc.constantFrom('', '::ffff:', '::', '64:ff9b::', '64:ff9b:1::'),
        (parts, prefix) => {
          expect(isPublicAddress(prefix + parts.join('.'))).toBe(false);
        },
      ),
    );
  });
});

describe('the lookup of sockets', () => {
  const lookup = (addresses: { address: string; family: number }[], all: boolean) =>
    new Promise<unknown>((resolve) => {
      createPublicLookup(
        [],
        (host) => new Error(`${host} is private`),
        (_host, _options, answer) => answer(null, addresses),
      )('files.example', { all }, (error, found) => resolve(error ?? found));
    });

  it('answers the public addresses of a name and leaves out the others', async () => {
    const mixed = [
      { address: '10.0.0.1', family: 4 },
      { address: '8.8.8.8', family: 4 },
      { address: 'fe80::1', family: 6 },
    ];
    expect(await lookup(mixed, true)).toEqual([{ address: '8.8.8.8', family: 4 }]);
    expect(await lookup(mixed, false)).toBe('8.8.8.8');
  });

  it('refuses a name that leads inside only', async () => {
    expect(await lookup([{ address: '127.0.0.1', family: 4 }], true)).toMatchObject({
      message: 'files.example is private',
    });
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2027-01-01T00:00:00Z');
  it.each([
    ['5', 5_000],
    ['0', 1_000],
    ['Fri, 01 Jan 2027 00:02:00 GMT', 120_000],
    ['999999', 3_600_000],
    ['soon', 60_000],
    [undefined, 60_000],
  ])('reads %s as %d ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});
