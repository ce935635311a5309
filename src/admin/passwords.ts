import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

const keyBytes = 32;

/** Checks a user and password in time that says nothing of which was wrong. */
export type PasswordCheck = (user: string, password: string) => Promise<boolean>;

/** Keeps nothing of the password but its scrypt hash (RFC 7914, N = 2^14), under a salt of this process. */
export async function createPasswordCheck(user: string, password: string): Promise<PasswordCheck> {
  const salt = randomBytes(16);
  const expectedUser = digest(user);
  const expected = await derive(password, salt);
  return async (givenUser, givenPassword) => {
    const given = await derive(givenPassword, salt);
    const sameUser = timingSafeEqual(digest(givenUser), expectedUser);
    const samePassword = timingSafeEqual(given, expected);
    return sameUser && samePassword;
  };
}

/** Hashed so that both sides of the comparison have one length. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyBytes, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
