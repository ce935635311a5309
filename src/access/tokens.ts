import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { MillraceError } from '../errors/catalogue.ts';
import { type Principal, type Role, roles } from './roles.ts';

const audience = 'millrace';
const algorithm = 'HS256';
/** Clocks of two machines differ by this much, in seconds, without anybody noticing. */
const clockTolerance = 5;

const claims = z.object({
  sub: z.string().min(1).max(255),
  role: z.enum(roles),
  exp: z.number(),
  jti: z.string().optional(),
});

/** What a token says. One without an id was made by somebody else who has the secret, and cannot be revoked alone. */
export interface TokenClaims {
  readonly subject: string;
  readonly role: Role;
  readonly id?: string | undefined;
}

/** The API's bearer tokens: JWTs (RFC 7519) of `sub`, `role`, `aud` and `exp`, signed with JWT_SECRET. */
export interface Tokens {
  issue(token: TokenClaims, expiresAt: Date): Promise<string>;
  /** @throws MillraceError UNAUTHENTICATED saying what is wrong with the token. */
  verify(token: string): Promise<Principal>;
}

/** @param isRevoked may throw when it cannot tell. */
export function createTokens(jwtSecret: string, isRevoked: (id: string) => boolean = () => false): Tokens {
  const key = new TextEncoder().encode(jwtSecret);
  return {
    issue({ subject, role, id }, expiresAt) {
      const token = new SignJWT({ role })
        .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(expiresAt);
      return (id === undefined ? token : token.setJti(id)).sign(key);
    },
    async verify(token) {
      const { sub, role, exp, jti } = await readClaims(token, key);
      if (jti !== undefined && isRevoked(jti)) {
        throw new MillraceError('UNAUTHENTICATED', 'The token has been revoked. Ask for a new one.');
      }
      const principal = { subject: sub, role, via: 'token', expiresAt: new Date(exp * 1_000) } as const;
      return jti === undefined ? principal : { ...principal, tokenId: jti };
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
