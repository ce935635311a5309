import { expect, it } from 'vitest';
import type { ActivityMinute, ProcessReport } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const minute = (second: number) => new Date(Math.floor(Date.now() / 60_000) * 60_000 + second * 1_000);

/** What the queues do and which processes there are, as the tables keep it. */
export function activity(open: Open): void {
  const process = (instance: string): ProcessReport => ({
    instance,
    roles: ['api', 'worker'],
    host: 'host-1',
    pid: 17,
    version: '1.0.0',
    startedAt: new Date('2026-05-01T10:00:00.123Z'),
    memoryBytes: 5_000_000_000,
    active: { email: 2 },
  });
  const counted = (queue: string, at: Date, completed: number): ActivityMinute => ({
    queue,
    minute: at,
    completed,
    failed: 1,
    retried: 2,
    cancelled: 3,
    waits: [0, completed],
    durations: [completed, 0, 1],
  });

  it('adds up what several processes have counted', async () => {
    const { activity: kept } = open().database;
    const now = minute(0);
    await Promise.all(
      ['one', 'two', 'three'].map((instance) =>
        kept.record(process(instance), [counted('email', now, 5), counted('sync', now, 1)]),
      ),
    );
    await kept.record(process('one'), [{ ...counted('email', now, 1), waits: [7], durations: [0, 0, 0, 9] }]);
    const steps = await kept.steps(now, minute(60), 60);
    expect(steps).toEqual([
      {
        queue: 'email',
        at: now,
        completed: 16,
        failed: 4,
        retried: 8,
        cancelled: 12,
        waits: [7, 15, 0, 0],
        durations: [15, 0, 3, 9],
      },
      {
        queue: 'sync',
        at: now,
        completed: 3,
        failed: 3,
        retried: 6,
        cancelled: 9,
        waits: [0, 3, 0],
        durations: [3, 0, 3],
      },
    ]);
  });

  it('joins minutes into longer steps, and leaves out what lies outside', async () => {
    const { activity: kept } = open().database;
    const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 7_200_000);
    const at = (minutes: number) => new Date(hour.getTime() + minutes * 60_000);
    await kept.record(
      process('one'),
      [-1, 0, 4, 5, 9, 10].map((minutes) => counted('document', at(minutes), 1)),
    );
    const steps = (await kept.steps(hour, at(10), 300)).filter(({ queue }) => queue === 'document');
    expect(steps.map(({ at: when, completed, waits }) => [when, completed, waits])).toEqual([
      [hour, 2, [0, 2, 0]],
      [at(5), 2, [0, 2, 0]],
    ]);
  });

  it('knows the processes that have said something lately, and forgets those that stop', async () => {
    const { database, pool } = open();
    await database.activity.record(process('quiet'), []);
    await pool.query(`update processes set seen_at = now() - interval '1 minute' where instance = 'quiet'`);
    await database.activity.record({ ...process('one'), memoryBytes: 7, active: {} }, []);
    const live = await database.activity.processes(30);
    expect(live.map(({ instance }) => instance).sort()).toEqual(['one', 'three', 'two']);
    expect(live.find(({ instance }) => instance === 'one')).toEqual({
      ...process('one'),
      memoryBytes: 7,
      active: {},
      seenAt: expect.any(Date),
    });
    await database.activity.forget('one');
    expect(await database.activity.processes(30)).toHaveLength(2);
    await pool.query(`update processes set seen_at = now() - interval '2 days' where instance = 'quiet'`);
    await pool.query(`update queue_minutes set minute = minute - interval '9 days' where queue = 'sync'`);
    await database.activity.record(process('two'), []);
    const { rows } = await pool.query(
      `select instance from processes union all select queue from queue_minutes where queue = 'sync' order by 1`,
    );
    expect(rows.map((row) => row.instance)).toEqual(['three', 'two']);
  });
}
