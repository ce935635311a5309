import type { JobName, Payload, QueueName } from '../queues/index.ts';

/** One line of the cron table. */
export interface Schedule<Q extends QueueName = QueueName, N extends JobName<Q> = JobName<Q>> {
  /** Stable: the ledger of ticks knows the schedule by it. */
  readonly name: string;
  /** Five fields, or six with seconds first. */
  readonly cron: string;
  /** IANA zone; `SCHEDULE_TIMEZONE` when absent. */
  readonly timeZone?: string;
  readonly queue: Q;
  readonly job: N;
  readonly payload: Payload<Q, N>;
  /** What a job of the past gets that is made later, where it matters which day it is for. */
  readonly payloadAt?: (tickAt: Date) => Payload<Q, N>;
  /** How late, in ms, a tick that was missed while nothing ran may still be made up for. */
  readonly catchUpMs: number;
  readonly enabled: boolean;
}

const hour = 3_600_000;

/** A day before a time, as a plain date (UTC). */
const dayBefore = (time: Date, days = 0) =>
  new Date(time.getTime() - days * 24 * hour).toISOString().slice(0, 10);
/** The Monday of the week before that of a time, which is what a weekly report is about. */
const lastMonday = (time: Date) => dayBefore(time, ((time.getUTCDay() + 6) % 7) + 7);

function schedule<Q extends QueueName, N extends JobName<Q>>(line: Schedule<Q, N>): Schedule<Q, N> {
  return line;
}

/** The recurring work of the platform. */
export const schedules = [
  schedule({
    name: 'email-reminders',
    cron: '0 9 * * *',
    queue: 'email',
    job: 'dispatch-reminders',
    payload: { type: 'dispatch-reminders', data: {} },
    payloadAt: (tickAt) => ({ type: 'dispatch-reminders' as const, data: { date: dayBefore(tickAt) } }),
    catchUpMs: 12 * hour,
    enabled: true,
  }),
  schedule({
    name: 'sam-gov-sync',
    cron: '0 */6 * * *',
    queue: 'sync',
    job: 'sam-gov-sync',
    payload: { type: 'sam-gov-opportunities', data: { fullSync: false } },
    payloadAt: (tickAt) => ({
      type: 'sam-gov-opportunities' as const,
      data: { fullSync: false, dateRange: { start: dayBefore(tickAt, 1), end: dayBefore(tickAt) } },
    }),
    catchUpMs: 6 * hour,
    enabled: true,
  }),
  schedule({
    name: 'data-cleanup',
    cron: '0 2 * * *',
    queue: 'sync',
    job: 'cleanup-data',
    payload: { type: 'cleanup-data', data: {} },
    catchUpMs: 12 * hour,
    enabled: true,
  }),
  schedule({
    name: 'weekly-reports',
    cron: '0 8 * * 1',
    queue: 'document',
    job: 'dispatch-weekly-reports',
    payload: { type: 'dispatch-weekly-reports', data: {} },
    payloadAt: (tickAt) => ({
      type: 'dispatch-weekly-reports' as const,
      data: { weekStart: lastMonday(tickAt) },
    }),
    catchUpMs: 48 * hour,
    enabled: true,
  }),
  schedule({
    name: 'analytics-refresh',
    cron: '30 */6 * * *',
    queue: 'sync',
    job: 'refresh-analytics',
    payload: { type: 'refresh-analytics', data: {} },
    catchUpMs: 6 * hour,
    enabled: true,
  }),
] as const;
