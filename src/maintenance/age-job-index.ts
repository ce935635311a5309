import type { JobIndex } from '../integrations/database/port.ts';
import type { Events } from '../observability/events.ts';

export interface AgingOptions {
  readonly index: Pick<JobIndex, 'forget'>;
  readonly historyDays: number;
  readonly events: Events;
}

/** Rows of one statement, and statements of one round: none of them holds anybody up, and what is left waits its turn. */
const chunk = 2_000;
const mostChunks = 50;

/** Takes jobs out of the index whose time there has passed. @returns how many those were. */
export async function ageJobIndex({ index, historyDays, events }: AgingOptions): Promise<number> {
  let forgotten = 0;
  for (let chunks = 0; chunks < mostChunks; chunks++) {
    const rows = await index.forget(historyDays, chunk);
    if (rows > 0) events.emit('job_index.rows', { outcome: 'forgotten', rows });
    forgotten += rows;
    if (rows < chunk) break;
  }
  return forgotten;
}
