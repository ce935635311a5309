import { isQueueName, type QueueName } from '../../queues/index.ts';
import { type Fault, MillraceError } from '../errors/catalogue.ts';
import { definitionOf } from './definitions.ts';
import { type Envelope, readEnvelope } from './envelope.ts';
import { fewAtOnce } from './few-at-once.ts';
import { jobIdOf, sameJson } from './idempotency.ts';
import type { AddOptions } from './options.ts';
import { parsePayload } from './payload.ts';
import type { QueueManager } from './queue-manager.ts';

/** A job that is about to be added, as it came from outside. */
export interface WantedJob {
  readonly name: string;
  readonly payload: unknown;
  readonly options?: AddOptions;
}

/**
 * Looks, before many jobs are added, whether their idempotency keys were used for other work, so that nothing is added
 * when one was. Two such requests at the same moment are settled by the store alone: it keeps the job that came first.
 * @param mayShare whether the caller may be given a job that somebody else has added.
 * @throws MillraceError IDEMPOTENCY_CONFLICT naming each such job by its index.
 */
export async function refuseOtherWork(
  queues: QueueManager,
  queue: string,
  jobs: readonly WantedJob[],
  mayShare: (addedBy: string | undefined) => boolean,
): Promise<void> {
  // An unknown queue is told by whoever adds.
  if (!isQueueName(queue)) return;
  const seen = new Map<string, number>();
  const keyed: { readonly index: number; readonly id: string; readonly job: WantedJob }[] = [];
  const faults: Fault[] = [];
  for (const [index, job] of jobs.entries()) {
    const key = job.options?.idempotencyKey;
    if (key === undefined) continue;
    const id = jobIdOf(queue, job.name, key);
    const other = seen.get(id);
    if (other === undefined) keyed.push({ index, id, job });
    else faults.push(conflictAt(index, `has the key of [${other}]`));
    seen.set(id, index);
  }
  const stored = await queues.reach(() => fewAtOnce(keyed, ({ id }) => queues.queue(queue).getJob(id)));
  for (const [at, wanted] of keyed.entries()) {
    const envelope = readEnvelope(stored[at]?.data);
    if (envelope === undefined) continue;
    if (!mayShare(envelope.meta.addedBy)) {
      faults.push(conflictAt(wanted.index, 'is a key that another caller has used'));
    } else if (!isSameWork(queue, wanted.job, envelope)) {
      faults.push(conflictAt(wanted.index, `was used for job ${wanted.id} with another payload`));
    }
  }
  if (faults.length === 0) return;
  throw new MillraceError(
    'IDEMPOTENCY_CONFLICT',
    `Nothing was added. ${faults.length} of the idempotency keys stand for other work. Use new keys for new work.`,
    { details: faults.slice(0, 100) },
  );
}

function conflictAt(index: number, message: string): Fault {
  return { path: `[${index}].options.idempotencyKey`, message };
}

/** A payload that is no good is refused where it is added. */
function isSameWork(queue: QueueName, { name, payload }: WantedJob, stored: Envelope): boolean {
  try {
    const { payload: wanted } = parsePayload(queue, name, definitionOf(queue, name), payload);
    return stored.type === wanted.type && sameJson(stored.data, wanted.data);
  } catch (error) {
    if (error instanceof MillraceError) return true;
    throw error;
  }
}
