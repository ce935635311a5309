import { hostname } from 'node:os';
import type { Config } from '../../config/index.ts';
import type { Database } from '../integrations/database/port.ts';
import type { Service } from '../lifecycle/service.ts';
import { createActivityRecorder } from '../maintenance/record-activity.ts';
import { ActivityCounter } from '../observability/activity.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import { version } from '../package.ts';

interface ActivityParts {
  readonly database: Database;
  readonly events: Events;
  active(): ReadonlyMap<string, number> | undefined;
}

/** Every process tells that it is there, and what it does. */
export function openActivity(
  config: Config,
  log: Logger,
  { database, events, active }: ActivityParts,
): Service {
  const startedAt = new Date();
  return createActivityRecorder({
    counter: new ActivityCounter(events),
    activity: database.activity,
    report: () => ({
      instance: config.instance,
      // A supervisor's workers are processes of their own, which tell for themselves.
      roles: active() === undefined ? config.roles.filter((role) => role !== 'worker') : config.roles,
      host: hostname(),
      pid: process.pid,
      version,
      startedAt,
      memoryBytes: process.memoryUsage.rss(),
      active: Object.fromEntries(active() ?? []),
    }),
    onError: (error) => log.warn({ err: error }, 'activity will be told later'),
  });
}
