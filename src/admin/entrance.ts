import type { Request, Response } from 'express';
import type { AuditTrail } from '../access/audit-trail.ts';
import type { SignInWay } from '../access/roles.ts';
import { contextOf } from '../http/context.ts';
import { originOf } from '../http/middleware/audit.ts';
import { type Cookies, formCookie, sessionCookie } from './cookies.ts';
import type { Person, Sessions } from './sessions.ts';

/** Where every way of signing in ends. */
export interface Entrance {
  /**
   * Gives the browser a session of its own, never one that it brought along, and ends the one that it had.
   * @throws MillraceError DATABASE_UNAVAILABLE; nobody is let in whose coming cannot be written down.
   */
  letIn(request: Request, response: Response, person: Person): Promise<void>;
  /** Writes down that somebody was not let in. */
  turnAway(request: Request, attempt: TurnedAway): Promise<void>;
}

export interface TurnedAway {
  /** A name that is known here; what else was typed may be a password in the wrong field. */
  readonly subject?: string;
  readonly via: SignInWay;
  /** Why, in a word or two. */
  readonly reason: string;
}

const object = 'session:new';

export function createEntrance(trail: AuditTrail, sessions: Sessions, cookies: Cookies): Entrance {
  return {
    async letIn(request, response, person) {
      const { subject, name, role, via } = person;
      const entry = { subject, name, role, via, action: 'sign-in', object, ...originOf(request) } as const;
      await trail.during(entry, async () => {
        const before = cookies.read(request, sessionCookie);
        const old = before === undefined ? undefined : await sessions.read(before);
        if (old !== undefined) await sessions.close(old);
        const { value, expiresAt } = await sessions.open(person);
        cookies.set(request, response, sessionCookie, value, expiresAt);
        cookies.clear(request, response, formCookie);
      });
      contextOf(request).log.info({ subject, role, via }, 'Signed in');
    },
    async turnAway(request, { subject = 'unknown', via, reason }) {
      contextOf(request).log.warn({ address: request.ip, via, reason }, 'A sign-in was refused');
      const act = await trail.begin({
        subject,
        via,
        action: 'sign-in',
        object,
        detail: { reason },
        ...originOf(request),
      });
      act.end('refused');
    },
  };
}
