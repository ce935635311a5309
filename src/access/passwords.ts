import {
  createHash,
  randomBytes,
  type ScryptOptions,
  scrypt,
  scryptSync,
  timingSafeEqual,
} from 'node:crypto';

/** Checks a user and password in time that says nothing of which was wrong. */
export type PasswordCheck = (user: string, password: string) => Promise<boolean>;

/** How dear a hash is (RFC 7914): 2^`logN` steps of `8 * 128` bytes, `p` times. */
interface Cost {
  readonly logN: number;
  readonly p: number;
}

/** For hashes that stay in this process's memory. */
const cheap: Cost = { logN: 14, p: 1 };
/** For hashes that are written down (OWASP's password storage cheat sheet: 2^15, r = 8, p = 3). */
const dear: Cost = { logN: 15, p: 3 };
const blockSize = 8;
const hashBytes = 32;

const written = /^scrypt:(1[4-7]):8:([1-5]):([A-Za-z0-9_-]{22,86}):([A-Za-z0-9_-]{43})$/;

/** Whether a text is a hash as `hashPassword` writes it, and no password. */
export function isPasswordHash(text: string): boolean {
  return written.test(text);
}

/** The hash of a password, as `scrypt:<log2 N>:<r>:<p>:<salt>:<hash>`; takes some 50 ms. */
export function hashPassword(password: string): string {
  return writeHash(password, cheap);
}

/** The same for a hash that is kept outside, which takes some 300 ms, also at each sign-in. */
export function hashPasswordToKeep(password: string): string {
  return writeHash(password, dear);
}

/** @param hash as `hashPassword` writes it. */
export function createPasswordCheck(user: string, hash: string): PasswordCheck {
  const [, logN, p, salt = '', expected = ''] = written.exec(hash) ?? [];
  if (logN === undefined || p === undefined) throw new Error('This is no password hash.');
  const options = optionsOf({ logN: Number(logN), p: Number(p) });
  const expectedUser = digest(user);
  return async (givenUser, givenPassword) => {
    const given = await derive(givenPassword, Buffer.from(salt, 'base64url'), options);
    const sameUser = timingSafeEqual(digest(givenUser), expectedUser);
    const samePassword = timingSafeEqual(given, Buffer.from(expected, 'base64url'));
    return sameUser && samePassword;
  };
}

function writeHash(password: string, cost: Cost): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password.normalize('NFKC'), salt, hashBytes, optionsOf(cost));
  return `scrypt:${cost.logN}:${blockSize}:${cost.p}:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

function optionsOf({ logN, p }: Cost): ScryptOptions {
  const N = 2 ** logN;
  // What it needs is 128 * N * r; Node refuses to take more than it is allowed.
  return { N, r: blockSize, p, maxmem: 256 * N * blockSize };
}

/** Hashed so that both sides of the comparison have one length. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, hashBytes, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
