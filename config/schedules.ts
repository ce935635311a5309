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
  /** How late, in ms, a tick that was missed while nothing ran may still be made up for. */
  readonly catchUpMs: number;
  readonly enabled: boolean;
}

const hour = 3_600_000;

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
    catchUpMs: 12 * hour,
    enabled: true,
  }),
  schedule({
    name: 'sam-gov-sync',
    cron: '0 */6 * * *',
    queue: 'sync',
    job: 'sam-gov-sync',
    payload: { type: 'sam-gov-opportunities', data: { fullSync: false } },
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
