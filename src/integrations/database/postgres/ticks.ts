import type { ScheduleTicks } from '../port.ts';
import type { Connection } from './connection.ts';
import { time, timeOrNone, truth } from './rows.ts';

/** The ledger of cron ticks. `claimed` becomes `enqueued`; a claim that ends before can be taken by another scheduler. */
export function createTicks(connection: Connection): ScheduleTicks {
  return {
    async last(schedule, until) {
      const [row] = await connection.query(
        `select max(tick_at) as last from schedule_ticks
         where schedule = $1 and tick_at <= coalesce($2::timestamptz, 'infinity')`,
        [schedule, until ?? null],
      );
      return row === undefined ? undefined : timeOrNone(row, 'last');
    },
    async baseline(schedule, at) {
      await connection.query('select set_schedule_baseline($1, $2)', [schedule, at]);
    },
    async claim({ schedule, tickAt, owner, seconds, caughtUp }) {
      const [row] = await connection.query('select claim_schedule_tick($1, $2, $3, $4, $5) as claimed', [
        schedule,
        tickAt,
        owner,
        seconds,
        caughtUp,
      ]);
      return row !== undefined && truth(row, 'claimed');
    },
    async confirm(schedule, tickAt, jobId) {
      // Whoever confirms first has said it: the job's id follows from the tick, so a second one says the same.
      await connection.query(
        `update schedule_ticks set state = 'enqueued', job_id = $3
         where schedule = $1 and tick_at = $2 and state = 'claimed'`,
        [schedule, tickAt, jobId],
      );
    },
    async unconfirmed(schedule) {
      const rows = await connection.query(
        `select tick_at from schedule_ticks
         where schedule = $1 and state = 'claimed' and claim_expires_at < now() and backfilled_by is null order by tick_at`,
        [schedule],
      );
      return rows.map((row) => time(row, 'tick_at'));
    },
  };
}
