import type { ScheduleTicks } from '../port.ts';
import { time, truth } from '../postgres/rows.ts';
import type { Api } from './api.ts';

/** The ledger of cron ticks. */
export function createTicks(api: Api): ScheduleTicks {
  const ticks = () => api.tables.from('schedule_ticks');
  return {
    async last(schedule, until) {
      const [row] = await api.rows(
        ticks()
          .select('tick_at')
          .eq('schedule', schedule)
          .lte('tick_at', until?.toISOString() ?? 'infinity')
          .order('tick_at', { ascending: false })
          .limit(1),
      );
      return row === undefined ? undefined : time(row, 'tick_at');
    },
    async baseline(schedule, at) {
      await api.call('set_schedule_baseline', { p_schedule: schedule, p_at: at });
    },
    async claim({ schedule, tickAt, owner, seconds, caughtUp }) {
      const claimed = await api.call('claim_schedule_tick', {
        p_schedule: schedule,
        p_tick: tickAt,
        p_owner: owner,
        p_seconds: seconds,
        p_caught_up: caughtUp,
      });
      return truth({ claimed }, 'claimed');
    },
    async confirm(schedule, tickAt, jobId) {
      // Whoever confirms first has said it: the job's id follows from the tick, so a second one says the same.
      await api.counted(
        ticks()
          .update({ state: 'enqueued', job_id: jobId }, { count: 'exact' })
          .eq('schedule', schedule)
          .eq('tick_at', tickAt.toISOString())
          .eq('state', 'claimed'),
      );
    },
    async unconfirmed(schedule) {
      // The oldest thousand at most: the next look takes the rest.
      const rows = await api.rows(
        ticks()
          .select('tick_at')
          .eq('schedule', schedule)
          .eq('state', 'claimed')
          .is('backfilled_by', null)
          .lt('claim_expires_at', 'now')
          .order('tick_at'),
      );
      return rows.map((row) => time(row, 'tick_at'));
    },
  };
}
