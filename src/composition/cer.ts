import type { Config } from '../../config/index.ts';
import type { WebhookSender } from '../integrations/webhooks/port.ts';
import { failReport, type SettleOptions, tellOfCompletion } from '../maintenance/settle-cer-reports.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';

/** What development may send webhooks to: a receiver on one's own machine too. */
const everywhere = ['0.0.0.0/0', '::/0'];

export async function openWebhooks({
  webhookSecret,
  environment,
}: Config): Promise<WebhookSender | undefined> {
  if (webhookSecret === undefined) return undefined;
  const { createWebhookSender } = await import('../integrations/webhooks/sender.ts');
  return createWebhookSender({
    secret: webhookSecret,
    allowed: environment === 'development' ? everywhere : [],
  });
}

/** Brings clinical evaluation reports to where their jobs have ended, at once; what is missed here, upkeep finds. */
export function followCerJobs(events: Events, log: Logger, options: SettleOptions): void {
  const settled = (work: Promise<void>) => {
    work.catch((error: unknown) => log.warn({ err: error }, 'a report will be settled by upkeep'));
  };
  const renders = ({ queue, job }: { queue: string; job: string }) =>
    queue === 'document' && job === 'render-cer';
  events.on('job.completed', (event) => {
    if (renders(event)) settled(tellOfCompletion(event.jobId, options));
  });
  events.on('job.dead_lettered', (event) => {
    if (renders(event)) settled(failReport(event.jobId, event.failure, options));
  });
  events.on('job.cancelled', (event) => {
    const failure = { code: 'JOB_CANCELLED', message: 'Its job was cancelled.' };
    if (renders(event)) settled(failReport(event.jobId, failure, options));
  });
}
