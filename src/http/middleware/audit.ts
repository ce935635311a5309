import type { Request, RequestHandler, Response } from 'express';
import type { AuditAction } from '../../access/audit-actions.ts';
import type { AuditTrail } from '../../access/audit-trail.ts';
import type { Permission } from '../../access/roles.ts';
import type { AuditDetail, AuditEntry, AuditOutcome } from '../../integrations/database/port.ts';
import { contextOf, principalOf } from '../context.ts';
import { requirePermission } from './authenticate.ts';

/** A handler of a change. `note` adds to its entry what came of it, such as how many jobs there were. */
export type AuditedHandler = (
  request: Request,
  response: Response,
  note: (detail: AuditDetail) => void,
) => Promise<unknown>;

/**
 * Wraps the handler of a change: whoever lacks the permission is refused, the entry is written before the handler runs,
 * and how it ended afterwards. Both refusals and faults are in the log. What a producer adds is not written, since every
 * job says itself who added it, and there are thousands in a second.
 * @param objectOf names the object as `<kind>:<id>`; what it throws ends the request without an entry.
 */
export type Audited = (
  permission: Permission,
  action: AuditAction,
  objectOf: (request: Request) => string,
  handler: AuditedHandler,
) => RequestHandler;

export function auditing(trail: AuditTrail): Audited {
  return (permission, action, objectOf, handler) => async (request, response) => {
    if (principalOf(request).role === 'producer' && intake.has(permission)) {
      requirePermission(request, response, permission);
      await handler(request, response, () => undefined);
      return;
    }
    await trail.during(entryOf(request, action, objectOf(request)), async (note) => {
      requirePermission(request, response, permission);
      await handler(request, response, note);
    });
  };
}

const intake: ReadonlySet<Permission> = new Set([
  'jobs.add',
  'stories.change',
  'cer-reports.add',
  'conversions.add',
]);

/** What the log keeps of a user agent; longer ones are cut. */
const mostAgentLength = 300;

/** The entry for what the request's principal is about to do. */
export function entryOf(
  request: Request,
  action: AuditAction,
  object: string,
  detail?: AuditDetail,
): AuditEntry {
  const { subject, name, role, via } = principalOf(request);
  return { subject, name, role, via, action, object, detail, ...originOf(request) };
}

/** From where a request came. */
export function originOf(request: Request): Pick<AuditEntry, 'address' | 'userAgent' | 'correlationId'> {
  return {
    address: request.ip,
    userAgent: request.get('User-Agent')?.slice(0, mostAgentLength),
    correlationId: contextOf(request).correlationId,
  };
}

export function outcomeOf(status: number): AuditOutcome {
  if (status < 400) return 'done';
  return status < 500 ? 'refused' : 'failed';
}
