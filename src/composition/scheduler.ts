import { type Config, schedules } from '../../config/index.ts';
import { pending } from '../../processors/index.ts';
import { createScheduler } from '../../schedulers/index.ts';
import type { Database } from '../integrations/database/port.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import type { QueueManager } from '../queue/queue-manager.ts';

/** Those that somebody has paused. */
export async function pausedSchedules(database: Database): Promise<ReadonlySet<string>> {
  const switches = await database.schedules.switches();
  return new Set(switches.filter(({ enabled }) => !enabled).map(({ schedule }) => schedule));
}

/** Schedules whose job has no processor yet wait for it: each of their ticks would only be refused. */
export function openScheduler(
  config: Config,
  log: Logger,
  queues: QueueManager,
  database: Database,
  events: Events,
): Service {
  const unavailable = Object.entries(pending).flatMap(([queue, jobs]) =>
    jobs.map((job) => `${queue}/${job}`),
  );
  const runnable = schedules.filter(({ queue, job }) => !unavailable.includes(`${queue}/${job}`));
  return createScheduler({
    schedules: runnable,
    timeZone: config.scheduleTimeZone,
    ticks: database.ticks,
    paused: async (name) => (await pausedSchedules(database)).has(name),
    enqueue: async (schedule, _tickAt, key) => {
      const { id } = await queues.addUntyped(schedule.queue, schedule.job, schedule.payload, {
        idempotencyKey: key,
      });
      return id;
    },
    events,
    log,
    clock: Date.now,
    owner: config.instance,
  });
}
