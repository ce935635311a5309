import type { JobCancellations } from '../port.ts';
import { number, records, text, time, truth } from '../postgres/rows.ts';
import type { CallFunction } from './call.ts';
import { rowOrNone } from './rows.ts';

/** Which jobs are to be cancelled, and which were. */
export function createJobCancellations(call: CallFunction): JobCancellations {
  return {
    async request({ queue, jobId, addedAt, by, job }) {
      await call('request_job_cancellation', {
        p_queue: queue,
        p_job_id: jobId,
        p_added_at: addedAt.getTime(),
        p_by: by,
        p_job: job,
      });
    },
    async pending() {
      const rows = records({ rows: await call('pending_job_cancellations') }, 'rows');
      return rows.map((row) => ({
        queue: text(row, 'queue'),
        jobId: text(row, 'job_id'),
        addedAt: new Date(number(row, 'added_at')),
        by: text(row, 'by'),
      }));
    },
    async settle({ queue, jobId, addedAt }, outcome) {
      const settled = await call('settle_job_cancellation', {
        p_queue: queue,
        p_job_id: jobId,
        p_added_at: addedAt.getTime(),
        p_outcome: outcome,
      });
      return truth({ settled }, 'settled');
    },
    async find(queue, jobId) {
      const row = rowOrNone(await call('cancelled_job', { p_queue: queue, p_job_id: jobId }));
      if (row === undefined) return undefined;
      const addedAt = new Date(number(row, 'added_at'));
      return { job: row.job, addedAt, by: text(row, 'by'), at: time(row, 'at') };
    },
  };
}
