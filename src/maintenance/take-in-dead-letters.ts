import type { DeadLetterRecords } from '../integrations/database/port.ts';
import type { DeadLetterControl } from '../queue/dead-letter-control.ts';
import type { DeadLetters } from '../queue/dead-letters.ts';

export interface TakeInOptions {
  readonly queues: readonly string[];
  readonly letters: DeadLetters;
  readonly records: DeadLetterRecords;
  readonly control: Pick<DeadLetterControl, 'settle'>;
  /** Ms since 1970. */
  readonly clock: () => number;
}

/** The newest letters of each queue that are looked at in every round; all of them are at a start and every so often. */
const newest = 500;
const allEveryMs = 15 * 60_000;
const keptMs = 90 * 24 * 3_600_000;
const mostAtOnce = 500;

/**
 * Makes the duty that keeps the records of dead letters true: takes in letters that their queues have and the records do
 * not, brings to an end what dead processes had begun, and removes what was closed long ago.
 */
export function createTakeIn({
  queues,
  letters,
  records,
  control,
  clock,
}: TakeInOptions): () => Promise<void> {
  let allAt: number | undefined;
  return async () => {
    const began = clock();
    const all = allAt === undefined || began - allAt >= allEveryMs;
    for (const queue of queues) await letters.takeIn(queue, all ? undefined : newest);
    if (all) allAt = began;
    for (const id of await records.abandoned(mostAtOnce)) await control.settle(id);
    await records.forget(new Date(began - keptMs), mostAtOnce);
  };
}
