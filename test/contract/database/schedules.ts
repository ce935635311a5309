import { expect, it } from 'vitest';
import type { Open } from '../database.ts';

/** Schedules as people steer them. */
export function schedules(open: Open): void {
  it('keeps who paused and resumed a schedule, and marks the time from which it counts again', async () => {
    const { schedules: records, ticks } = open().database;
    await records.setEnabled('nightly', true, 'ops');
    expect(await ticks.last('nightly')).toBeUndefined();
    await records.setEnabled('nightly', false, 'ops');
    await records.setEnabled('nightly', false, 'another');
    expect(await records.switches()).toEqual([
      { schedule: 'nightly', enabled: false, changedBy: 'ops', changedAt: expect.any(Date) },
    ]);
    await records.setEnabled('nightly', true, 'another');
    const last = await ticks.last('nightly');
    expect(Math.abs((last?.getTime() ?? 0) - Date.now())).toBeLessThan(600_000);
    expect(await records.ticks('nightly', 10)).toEqual([]);
  });

  it('fills in a tick once, and tells it from those of schedulers', async () => {
    const { schedules: records, ticks } = open().database;
    const day = (n: number) => new Date(Date.UTC(2026, 4, n, 9));
    const claim = { schedule: 'daily', owner: 'a', seconds: 60 };
    await ticks.claim({ ...claim, tickAt: day(3), caughtUp: false });
    await ticks.confirm('daily', day(3), 'j-3');
    const fill = { ...claim, by: 'ops' };
    const claims = await Promise.all(
      ['a', 'b'].map((owner) => records.claimBackfill({ ...fill, owner, tickAt: day(4) })),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await records.claimBackfill({ ...fill, tickAt: day(3) })).toBe(false);
    expect(await records.span('daily', day(1), day(9))).toEqual({
      taken: [day(3), day(4)],
      knownFrom: day(3),
    });
    await open().pool.query(
      `update schedule_ticks set claim_expires_at = now() - interval '1 s' where schedule = 'daily'`,
    );
    // A scheduler leaves it to whoever fills in: it would give the job another payload.
    expect(await ticks.unconfirmed('daily')).toEqual([]);
    expect((await records.span('daily', day(4), day(4))).taken).toEqual([]);
    expect(await records.claimBackfill({ ...fill, tickAt: day(4), by: 'another' })).toBe(true);
    await ticks.confirm('daily', day(4), 'j-4');
    expect(await records.ticks('daily', 10)).toEqual([
      {
        tickAt: day(4),
        state: 'enqueued',
        jobId: 'j-4',
        caughtUp: false,
        backfilledBy: 'another',
        takenAt: expect.any(Date),
      },
      {
        tickAt: day(3),
        state: 'enqueued',
        jobId: 'j-3',
        caughtUp: false,
        backfilledBy: undefined,
        takenAt: expect.any(Date),
      },
    ]);
    await ticks.baseline('young', day(5));
    expect(await records.span('young', day(1), day(9))).toEqual({ taken: [], knownFrom: undefined });
  });

  it('remembers jobs that were made at once', async () => {
    const { schedules: records } = open().database;
    await records.noteRun('nightly', 'j-1', 'ops');
    await records.noteRun('nightly', 'j-1', 'another');
    expect(await records.runs('nightly', 10)).toEqual([{ jobId: 'j-1', by: 'ops', at: expect.any(Date) }]);
    expect(await records.runs('daily', 10)).toEqual([]);
  });
}
