import { type Request, Router } from 'express';
import { z } from 'zod';
import { may } from '../../access/roles.ts';
import { MillraceError } from '../../errors/catalogue.ts';
import { addOptions } from '../../queue/options.ts';
import type { QueueManager } from '../../queue/queue-manager.ts';
import { parse, sendData } from '../answer.ts';
import { contextOf, principalOf } from '../context.ts';
import type { Audited } from '../middleware/audit.ts';
import { permit } from '../middleware/authenticate.ts';
import { idempotencyKeyOf } from '../middleware/idempotency-key.ts';

// A job's own id and key are the platform's to choose, and who adds it says the token.
const jobRequest = z.strictObject({
  payload: z.unknown(),
  options: addOptions.omit({ jobId: true, key: true, addedBy: true }).optional(),
});
const target = z.object({ queue: z.string().max(128), name: z.string().max(128) });
const jobAddress = z.object({
  queue: z.string().max(128),
  id: z.string().regex(/^[\x21-\x7e]{1,300}$/, 'must be visible ASCII without spaces, at most 300'),
});

export interface JobRoutesOptions {
  readonly queues: QueueManager;
  readonly audited: Audited;
}

/** Jobs in, and a look at one. */
export function jobRoutes({ queues, audited }: JobRoutesOptions): Router {
  const router = Router();
  const queueOf = (request: Request) => `queue:${parse(target, request.params, 'address').queue}`;
  const add = audited('jobs.add', 'job.add', queueOf, async (request, response, note) => {
    const { queue, name } = parse(target, request.params, 'address');
    const { payload, options = {} } = parse(jobRequest, request.body, 'body');
    const { correlationId } = contextOf(request);
    const { subject, role } = principalOf(request);
    const key = agreed(idempotencyKeyOf(request), options.idempotencyKey);
    const job = await queues.addUntyped(queue, name, payload, {
      correlationId,
      ...options,
      ...(key === undefined ? {} : { idempotencyKey: key }),
      addedBy: subject,
    });
    if (!job.created && job.addedBy !== subject && !may(role, 'jobs.read')) throw keyOfAnother();
    note({ job: job.id, name: job.name });
    const mayBeAnother = !job.created || options.deduplicate !== undefined;
    const state = mayBeAnother
      ? ((await queues.job(queue, job.id))?.state ?? 'unknown')
      : options.delay === undefined || options.delay === 0
        ? 'waiting'
        : 'delayed';
    sendData(
      response,
      { job: { id: job.id, queue: job.queue, name: job.name, state } },
      job.created ? 202 : 200,
    );
  });

  router.post('/:queue/:name', add);

  router.get('/:queue/:id', permit('jobs.read-own'), async (request, response) => {
    const { queue, id } = parse(jobAddress, request.params, 'address');
    const { subject, role } = principalOf(request);
    const job = await queues.job(queue, id);
    // Another's job is no different from none, so that ids tell a producer nothing.
    if (job === undefined || (job.addedBy !== subject && !may(role, 'jobs.read'))) {
      throw new MillraceError(
        'JOB_NOT_FOUND',
        `Queue ${queue} has no job "${id}": it never was, or its retention has passed.`,
      );
    }
    sendData(response, { job });
  });

  return router;
}

function keyOfAnother(): MillraceError {
  return new MillraceError(
    'IDEMPOTENCY_CONFLICT',
    'The idempotency key was used before by another caller. Use a key of your own.',
  );
}

/** The key may come by header or by option; two that differ are a mistake. */
function agreed(header: string | undefined, option: string | undefined): string | undefined {
  if (header === undefined || option === undefined || header === option) return header ?? option;
  throw new MillraceError(
    'INVALID_REQUEST',
    'The header Idempotency-Key and options.idempotencyKey differ. Send one of them.',
  );
}
