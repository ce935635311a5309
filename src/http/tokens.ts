import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type Principal, type Role, roles } from '../access/roles.ts';
import { MillraceError } from '../errors/catalogue.ts';

const audience = 'millrace';
const algorithm = 'HS256';
/** Clocks of two machines differ by this much, in seconds, without anybody noticing. */
const clockTolerance = 5;

const claims = z.object({ sub: z.string().min(1).max(255), role: z.enum(roles), exp: z.number() });

/** The API's bearer tokens: JWTs (RFC 7519) of `sub`, `role`, `aud` and `exp`, signed with JWT_SECRET. */
export interface Tokens {
  /** @param ttl how long it is good for, such as `30m`, `12h`, `90 days`. */
  issue(role: Role, ttl: string, subject?: string): Promise<string>;
  /** @throws MillraceError UNAUTHENTICATED saying what is wrong with the token. */
  verify(token: string): Promise<Principal>;
}

export function createTokens(jwtSecret: string): Tokens {
  const key = new TextEncoder().encode(jwtSecret);
  return {
    issue: (role, ttl, subject = role) =>
      new SignJWT({ role })
        .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(ttl)
        .sign(key),
    async verify(token) {
      const { sub, role, exp } = await readClaims(token, key);
      return { subject: sub, role, via: 'token', expiresAt: new Date(exp * 1_000) };
    },
  };
}

async function readClaims(token: string, key: Uint8Array) {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      audience,
      requiredClaims: ['sub', 'exp'],
      clockTolerance,
    });
    const parsed = claims.safeParse(payload);
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new MillraceError('UNAUTHENTICATED', 'The token has expired. Ask for a new one.');
    }
    if (!(error instanceof errors.JOSEError)) throw error;
  }
  throw new MillraceError(
    'UNAUTHENTICATED',
    `The token is not valid here: it needs a signature by ${algorithm} with JWT_SECRET, \`aud\` "${audience}", \`sub\`, \`exp\`, and a \`role\` of ${roles.join(', ')}.`,
  );
}
