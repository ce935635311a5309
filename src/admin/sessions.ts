import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type Principal, type Role, roles, type SignInWay, signInWays } from '../access/roles.ts';
import { deriveKey } from '../http/keys.ts';

const audience = 'millrace-session';
const algorithm = 'HS256';
const ttlMs = 12 * 3_600_000;

const claims = z.object({
  sub: z.string(),
  role: z.enum(roles),
  via: z.enum(signInWays),
  exp: z.number(),
  jti: z.string(),
});

/** Sessions of people in the browser: signed, so that every process of the platform knows them without a store. */
export interface Sessions {
  /** @param notAfter a session from a token does not outlive it. */
  open(
    person: { readonly subject: string; readonly role: Role; readonly via: SignInWay },
    notAfter?: Date,
  ): Promise<{ readonly value: string; readonly expiresAt: Date }>;
  /** `undefined` when it is not ours, has expired or was signed out. */
  read(value: string): Promise<Principal | undefined>;
  /** Ends a session before its time, in this process; the browser forgets its cookie anyway. */
  close(principal: Principal): void;
}

export function createSessions(jwtSecret: string): Sessions {
  const key = deriveKey(jwtSecret, 'sessions');
  const closed = new Map<string, number>();

  return {
    async open({ subject, role, via }, notAfter) {
      const end = Math.min(Date.now() + ttlMs, notAfter?.getTime() ?? Number.POSITIVE_INFINITY);
      const expiresAt = new Date(end);
      const value = await new SignJWT({ role, via })
        .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
        .setSubject(subject)
        .setAudience(audience)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(expiresAt)
        .sign(key);
      return { value, expiresAt };
    },

    async read(value) {
      const payload = await verify(value, key);
      const parsed = claims.safeParse(payload);
      if (!parsed.success || closed.has(parsed.data.jti)) return undefined;
      const { sub, role, via, exp, jti } = parsed.data;
      return { subject: sub, role, via, expiresAt: new Date(exp * 1_000), sessionId: jti };
    },

    close({ sessionId, expiresAt }) {
      const now = Date.now();
      for (const [id, end] of closed) if (end < now) closed.delete(id);
      if (sessionId !== undefined) closed.set(sessionId, expiresAt.getTime());
    },
  };
}

async function verify(value: string, key: Uint8Array): Promise<unknown> {
  try {
    return (await jwtVerify(value, key, { algorithms: [algorithm], audience })).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
