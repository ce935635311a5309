import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Revoked } from '../access/revoked.ts';
import { type Principal, type Role, roles, type SignInWay, signInWays } from '../access/roles.ts';
import { deriveKey } from '../http/keys.ts';
import type { SessionRows } from '../integrations/database/port.ts';

const audience = 'millrace-session';
const algorithm = 'HS256';
const ttlMs = 12 * 3_600_000;

const claims = z.object({
  sub: z.string(),
  role: z.enum(roles),
  via: z.enum(signInWays),
  name: z.string().optional(),
  /** The token that it was made from, and ends with. */
  token: z.string().optional(),
  exp: z.number(),
  jti: z.string(),
});

/** Somebody who has proved who they are. */
export interface Person {
  readonly subject: string;
  readonly role: Role;
  readonly via: SignInWay;
  readonly name?: string;
  readonly tokenId?: string;
  /** A session from a token does not outlive it. */
  readonly notAfter?: Date;
}

/**
 * Sessions of people in the browser: signed, so that every process of the platform knows them without a question, and
 * noted in a table, so that each can be ended in all processes.
 */
export interface Sessions {
  open(person: Person): Promise<{ readonly value: string; readonly expiresAt: Date }>;
  /** `undefined` when it is not ours, has expired or was ended. */
  read(value: string): Promise<Principal | undefined>;
  /** Ends a session before its time, in every process within seconds. */
  close(principal: Principal): Promise<void>;
  /** Ends all sessions of a person; gives how many there were. */
  closeAll(principal: Principal): Promise<number>;
}

export interface SessionsOptions {
  readonly jwtSecret: string;
  readonly rows: SessionRows;
  readonly revoked: Revoked;
}

export function createSessions({ jwtSecret, rows, revoked }: SessionsOptions): Sessions {
  const key = deriveKey(jwtSecret, 'sessions');

  const close = async ({ sessionId, expiresAt }: Principal) => {
    if (sessionId === undefined) return;
    await rows.close(sessionId);
    revoked.add(sessionId, expiresAt);
  };

  return {
    async open({ subject, role, via, name, tokenId, notAfter }) {
      const end = Math.min(Date.now() + ttlMs, notAfter?.getTime() ?? Number.POSITIVE_INFINITY);
      const expiresAt = new Date(end);
      const id = randomUUID();
      const value = await new SignJWT({ role, via, name, token: tokenId })
        .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
        .setSubject(subject)
        .setAudience(audience)
        .setJti(id)
        .setIssuedAt()
        .setExpirationTime(expiresAt)
        .sign(key);
      await rows.open({ id, subject, via, expiresAt });
      return { value, expiresAt };
    },

    async read(value) {
      const parsed = claims.safeParse(await verify(value, key));
      if (!parsed.success) return undefined;
      const { sub, role, via, name, token, exp, jti } = parsed.data;
      if (revoked.has(jti) || (token !== undefined && revoked.has(token))) return undefined;
      return {
        subject: sub,
        role,
        via,
        expiresAt: new Date(exp * 1_000),
        sessionId: jti,
        ...(name === undefined ? {} : { name }),
        ...(token === undefined ? {} : { tokenId: token }),
      };
    },

    close,

    async closeAll(principal) {
      const closed = await rows.closeAll(principal.subject, principal.via);
      await close(principal);
      // The others of this person are known here as everywhere: by the next look.
      await revoked.refresh();
      return closed;
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
