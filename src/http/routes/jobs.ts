import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../errors/catalogue.ts';
import { addOptions } from '../../queue/options.ts';
import type { QueueManager } from '../../queue/queue-manager.ts';
import { parse, sendData } from '../answer.ts';
import { contextOf } from '../context.ts';
import { requireRole } from '../middleware/authenticate.ts';
import { idempotencyKeyOf } from '../middleware/idempotency-key.ts';

// A job's own id and key are the platform's to choose.
const jobRequest = z.strictObject({
  payload: z.unknown(),
  options: addOptions.omit({ jobId: true, key: true }).optional(),
});
const target = z.object({ queue: z.string().max(128), name: z.string().max(128) });
const jobAddress = z.object({
  queue: z.string().max(128),
  id: z.string().regex(/^[\x21-\x7e]{1,300}$/, 'must be visible ASCII without spaces, at most 300'),
});

/** Jobs in, and a look at one. */
export function jobRoutes(queues: QueueManager): Router {
  const router = Router();

  router.post('/:queue/:name', requireRole('producer'), async (request, response) => {
    const { queue, name } = parse(target, request.params, 'address');
    const { payload, options = {} } = parse(jobRequest, request.body, 'body');
    const { correlationId } = contextOf(request);
    const key = agreed(idempotencyKeyOf(request), options.idempotencyKey);
    const job = await queues.addUntyped(queue, name, payload, {
      correlationId,
      ...options,
      ...(key === undefined ? {} : { idempotencyKey: key }),
    });
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

  router.get('/:queue/:id', requireRole('producer'), async (request, response) => {
    const { queue, id } = parse(jobAddress, request.params, 'address');
    const job = await queues.job(queue, id);
    if (job === undefined) {
      throw new MillraceError(
        'JOB_NOT_FOUND',
        `Queue ${queue} has no job "${id}": it never was, or its retention has passed.`,
      );
    }
    sendData(response, { job });
  });

  return router;
}

/** The key may come by header or by option; two that differ are a mistake. */
function agreed(header: string | undefined, option: string | undefined): string | undefined {
  if (header === undefined || option === undefined || header === option) return header ?? option;
  throw new MillraceError(
    'INVALID_REQUEST',
    'The header Idempotency-Key and options.idempotencyKey differ. Send one of them.',
  );
}
