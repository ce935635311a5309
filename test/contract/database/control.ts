import { expect, it } from 'vitest';
import type { Open } from '../database.ts';

/** What people do to jobs, as the tables keep it. */
export function control(open: Open): void {
  const job = { queue: 'email', jobId: 'cancel-1', addedAt: new Date('2026-05-01T10:00:00.123Z') };

  it('keeps a cancellation until somebody has settled it, and the job for later', async () => {
    const { jobCancellations } = open().database;
    expect(await jobCancellations.find('email', 'cancel-1')).toBeUndefined();
    const view = { id: 'cancel-1', payload: { type: 'welcome', data: ['ä', null, 1.5] } };
    await jobCancellations.request({ ...job, by: 'ops', job: view });
    await jobCancellations.request({ ...job, by: 'another', job: { other: true } });
    expect(await jobCancellations.pending()).toEqual([{ ...job, by: 'ops' }]);
    expect(await jobCancellations.find('email', 'cancel-1')).toBeUndefined();
    expect(await jobCancellations.settle({ ...job, addedAt: new Date(0) }, 'cancelled')).toBe(false);
    const settled = await Promise.all([1, 2, 3].map(() => jobCancellations.settle(job, 'cancelled')));
    expect(settled.filter(Boolean)).toHaveLength(1);
    expect(await jobCancellations.pending()).toEqual([]);
    expect(await jobCancellations.find('email', 'cancel-1')).toEqual({
      job: view,
      by: 'ops',
      at: expect.any(Date),
      addedAt: job.addedAt,
    });
    expect(await jobCancellations.find('document', 'cancel-1')).toBeUndefined();
  });

  it('takes a request for a job that was cancelled before and went again', async () => {
    const { jobCancellations } = open().database;
    await jobCancellations.request({ ...job, by: 'again', job: {} });
    expect(await jobCancellations.pending()).toEqual([{ ...job, by: 'again' }]);
    expect(await jobCancellations.settle(job, 'ended')).toBe(true);
    expect(await jobCancellations.find('email', 'cancel-1')).toBeUndefined();
  });

  it('believes whoever took the job out, also when another has found it gone before', async () => {
    const { jobCancellations } = open().database;
    const taken = { ...job, jobId: 'cancel-3' };
    await jobCancellations.request({ ...taken, by: 'ops', job: {} });
    expect(await jobCancellations.settle(taken, 'ended')).toBe(true);
    expect(await jobCancellations.settle(taken, 'cancelled')).toBe(true);
    expect(await jobCancellations.settle(taken, 'ended')).toBe(false);
    expect(await jobCancellations.find('email', 'cancel-3')).toMatchObject({ by: 'ops' });
  });

  it('forgets after a week', async () => {
    const { database, pool } = open();
    await pool.query(`update job_cancellations set requested_at = now() - interval '8 days'`);
    await database.jobCancellations.request({ ...job, jobId: 'cancel-2', by: 'ops', job: {} });
    const { rows } = await pool.query('select job_id from job_cancellations');
    expect(rows).toEqual([{ job_id: 'cancel-2' }]);
  });
}
