import { InvalidPayloadError, MillraceError } from '../errors/catalogue.ts';
import { jobMask, masked } from './masking/index.ts';
import { masksIn, unmask } from './masking/unmask.ts';
import type { AddOptions } from './options.ts';
import type { JobHandle, QueueManager } from './queue-manager.ts';

/** A job that is to run once more, as its queue or the index remembers it. */
export interface RerunJob {
  readonly queue: string;
  readonly id: string;
  readonly name: string;
  /** In clear where the queue still has it; shortened and masked where only the index does. */
  readonly payload: unknown;
  readonly correlationId: string | undefined;
  readonly tenant: string | undefined;
}

/**
 * Adds a new job that does what an earlier one did, with its payload edited or not, and that knows which one that was. Where
 * the edited payload is as it was shown, masks stand for the values that they hide.
 * @throws InvalidPayloadError naming what does not fit, and masks that stand for no value; as `addJob`.
 */
export async function rerun(
  queues: Pick<QueueManager, 'addUntyped'>,
  { queue, id, name, payload, correlationId, tenant }: RerunJob,
  edited: unknown,
  { by, idempotencyKey }: { readonly by: string; readonly idempotencyKey?: string | undefined },
): Promise<JobHandle> {
  if (payload === undefined) {
    throw new MillraceError(
      'JOB_NOT_FOUND',
      `Nothing is known of the payload of job ${id} of ${queue}: add it anew.`,
    );
  }
  const whole = unmask(edited, jobMask({ queue, name, payload }).payload, payload);
  const left = masksIn(whole);
  if (left.length > 0) {
    const message = `is ${masked}: the value is no longer known, so write it`;
    throw new InvalidPayloadError(
      queue,
      name,
      left.map((path) => ({ path, message })),
    );
  }
  const options: AddOptions = {
    addedBy: by,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    rerunOf: `${queue}/${id}`,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(tenant === undefined ? {} : { tenant }),
  };
  return queues.addUntyped(queue, name, whole, options);
}
