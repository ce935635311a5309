import { type Config, schedules } from '../../config/index.ts';
import { queueNames } from '../../queues/index.ts';
import { previousTick } from '../../schedulers/ticks.ts';
import { createAlertMail } from '../integrations/alerts/mail.ts';
import type { AlertChannel } from '../integrations/alerts/port.ts';
import { createAlertWebhook } from '../integrations/alerts/webhook.ts';
import type { Database } from '../integrations/database/port.ts';
import type { MailProvider } from '../integrations/mail/port.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import { createAlertWatch } from '../maintenance/watch-alerts.ts';
import type { Logger } from '../observability/logger.ts';
import { deadLetterQueueOf } from '../queue/dead-letters.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { pausedSchedules } from './scheduler.ts';

/** A scheduler that has just come up catches up within this; only then is a tick missed. */
const graceMs = 10 * 60_000;

interface AlertWatchParts {
  readonly queues: QueueManager;
  readonly database: Database;
  readonly mail: MailProvider;
}

/** Tells operators what is wrong, where ALERT_WEBHOOK_URL or ALERT_EMAIL is set; in every role, since any may be the one that is left. */
export function openAlertWatch(config: Config, log: Logger, parts: AlertWatchParts): Service[] {
  const { queues, database, mail } = parts;
  const channels: AlertChannel[] = [
    ...(config.alerts.webhookUrl === undefined
      ? []
      : [createAlertWebhook(config.alerts.webhookUrl, config.serviceName)]),
    ...config.alerts.emails.map((to) => createAlertMail(mail, to, config.serviceName, config.http.appUrl)),
  ];
  if (channels.length === 0) return [];
  const onError = (error: unknown) => log.warn({ err: error }, 'alerts will be looked at again');
  const runOnce = createAlertWatch({
    ledger: database.alerts,
    channels,
    onError,
    sources: {
      queues: queueNames,
      now: Date.now,
      workers: async (queue) => (await queues.queue(queue).getWorkers()).length,
      oldestWaitingSeconds: (queue) => queues.oldestWaitingSeconds(queue),
      async latestDeadLetter(queue) {
        const [letter] = await queues.queue(deadLetterQueueOf(queue)).getJobs(['waiting'], 0, 0, false);
        return letter === undefined ? undefined : { at: letter.timestamp, job: letter.name };
      },
      missedTicks: () => missedTicks(database, config.scheduleTimeZone),
    },
  });
  return [createLoop({ name: 'alert watch', intervalMs: 30_000, runOnce, onError })];
}

/** Of each schedule that has ever ticked, the latest tick that should be in the ledger and is not. */
async function missedTicks(database: Database, zone: string): Promise<{ schedule: string; tickAt: Date }[]> {
  const paused = await pausedSchedules(database);
  const found = await Promise.all(
    schedules
      .filter(({ name, enabled }) => enabled && !paused.has(name))
      .map(async ({ name, cron, timeZone }) => {
        const until = new Date(Date.now() - graceMs);
        const last = await database.ticks.last(name, until);
        if (last === undefined) return undefined;
        const tickAt = previousTick({ cron, timeZone: timeZone ?? zone }, last, until);
        return tickAt === undefined ? undefined : { schedule: name, tickAt };
      }),
  );
  return found.filter((missed) => missed !== undefined);
}
