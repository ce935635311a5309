import type { RequestHandler } from 'express';
import type { AuditAction } from '../access/audit-actions.ts';
import type { AuditTrail } from '../access/audit-trail.ts';
import type { Permission } from '../access/roles.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { entryOf, outcomeOf } from '../http/middleware/audit.ts';
import { requirePermission } from '../http/middleware/authenticate.ts';

interface BoardChange {
  readonly method: 'PUT' | 'PATCH';
  /** Path below `/api/queues`: `:queue`, `:job` and `:state` stand for one segment. */
  readonly path: string;
  readonly action: AuditAction;
}

/** What the board can change. What is not here is refused, whatever a later version of the board brings. */
const changes: readonly BoardChange[] = [
  { method: 'PUT', path: '/pause', action: 'queue.pause' },
  { method: 'PUT', path: '/resume', action: 'queue.resume' },
  { method: 'PUT', path: '/:queue/pause', action: 'queue.pause' },
  { method: 'PUT', path: '/:queue/resume', action: 'queue.resume' },
  { method: 'PUT', path: '/:queue/retry/:state', action: 'queue.retry' },
  { method: 'PUT', path: '/:queue/promote', action: 'queue.promote' },
  { method: 'PUT', path: '/:queue/clean/:state', action: 'queue.clean' },
  { method: 'PUT', path: '/:queue/empty', action: 'queue.empty' },
  { method: 'PUT', path: '/:queue/concurrency', action: 'queue.limit' },
  { method: 'PUT', path: '/:queue/rate-limit', action: 'queue.limit' },
  { method: 'PUT', path: '/:queue/rate-limit/release', action: 'queue.limit' },
  { method: 'PUT', path: '/:queue/:job/retry', action: 'job.retry' },
  { method: 'PUT', path: '/:queue/:job/promote', action: 'job.promote' },
  { method: 'PUT', path: '/:queue/:job/clean', action: 'job.remove' },
  { method: 'PATCH', path: '/:queue/:job/delay', action: 'job.reschedule' },
  { method: 'PATCH', path: '/:queue/:job/priority', action: 'job.prioritize' },
];

const compiled = changes.map((change) => ({
  ...change,
  pattern: new RegExp(`^/api/queues${change.path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`),
}));

/** Writes each change that the board makes into the audit log before it is made, and refuses those that nobody knows. */
export function auditBoard(trail: AuditTrail): RequestHandler {
  return async (request, response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') return next();
    const change = find(request.method, request.path);
    if (change === undefined) throw new MillraceError('FORBIDDEN', closedMessage);
    const { action, object, state } = change;
    const act = await trail.begin(
      entryOf(request, action, object, state === undefined ? undefined : { state }),
    );
    response.on('close', () => {
      // Cut off in the middle, nobody has seen how it ended.
      if (response.writableFinished) act.end(outcomeOf(response.statusCode));
    });
    requirePermission(request, response, permissionFor(action));
    next();
  };
}

const closedMessage =
  'Not from the board: add jobs by POST /api/jobs, which checks their payload, and replay or discard dead letters by /api/dead-letters.';

function permissionFor(action: AuditAction): Permission {
  return action.startsWith('queue.') ? 'queues.change' : 'jobs.change';
}

function find(method: string, path: string) {
  for (const { pattern, action, ...known } of compiled) {
    if (known.method !== method) continue;
    const parts = pattern.exec(path)?.groups;
    if (parts === undefined) continue;
    const queue = decode(parts.queue) ?? '*';
    const job = decode(parts.job);
    return {
      action,
      object: job === undefined ? `queue:${queue}` : `job:${queue}/${job}`,
      state: decode(parts.state),
    };
  }
  return undefined;
}

/** What cannot be decoded stays as it came. */
function decode(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    return part;
  }
}
