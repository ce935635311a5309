import type { ScheduleRecords } from '../port.ts';
import { records, text, textOrNone, time, timeOrNone, truth } from '../postgres/rows.ts';
import type { CallFunction } from './call.ts';
import { rowOrNone } from './rows.ts';

/** What people do with schedules, and what schedules have done. */
export function createScheduleRecords(call: CallFunction): ScheduleRecords {
  return {
    async switches() {
      return records({ rows: await call('schedule_switch_list') }, 'rows').map((row) => ({
        schedule: text(row, 'schedule'),
        enabled: truth(row, 'enabled'),
        changedBy: text(row, 'changed_by'),
        changedAt: time(row, 'changed_at'),
      }));
    },
    async setEnabled(schedule, enabled, by) {
      await call('set_schedule_enabled', { p_schedule: schedule, p_enabled: enabled, p_by: by });
    },
    async ticks(schedule, limit) {
      const rows = await call('schedule_history', { p_schedule: schedule, p_limit: limit });
      return records({ rows }, 'rows').map((row) => ({
        tickAt: time(row, 'tick_at'),
        state: text(row, 'state') === 'claimed' ? 'claimed' : 'enqueued',
        jobId: textOrNone(row, 'job_id'),
        caughtUp: truth(row, 'caught_up'),
        backfilledBy: textOrNone(row, 'backfilled_by'),
        takenAt: time(row, 'created_at'),
      }));
    },
    async runs(schedule, limit) {
      const rows = await call('schedule_run_list', { p_schedule: schedule, p_limit: limit });
      return records({ rows }, 'rows').map((row) => ({
        jobId: text(row, 'job_id'),
        by: text(row, 'requested_by'),
        at: time(row, 'requested_at'),
      }));
    },
    async noteRun(schedule, jobId, by) {
      await call('note_schedule_run', { p_schedule: schedule, p_job: jobId, p_by: by });
    },
    async span(schedule, from, until) {
      const answer = await call('schedule_span', { p_schedule: schedule, p_from: from, p_until: until });
      const row = rowOrNone(answer) ?? {};
      const taken: unknown = row.taken;
      if (!Array.isArray(taken)) throw new Error('schedule_span answered no list of ticks.');
      return {
        taken: taken.map((tickAt: unknown) => time({ tickAt }, 'tickAt')),
        knownFrom: timeOrNone(row, 'known_from'),
      };
    },
    async claimBackfill({ schedule, tickAt, owner, seconds, by }) {
      const claimed = await call('claim_backfill_tick', {
        p_schedule: schedule,
        p_tick: tickAt,
        p_owner: owner,
        p_seconds: seconds,
        p_by: by,
      });
      return truth({ claimed }, 'claimed');
    },
  };
}
