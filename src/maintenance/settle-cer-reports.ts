import { randomUUID } from 'node:crypto';
import type { CerCheck, CerReports } from '../integrations/database/port.ts';
import type { JobControl } from '../queue/job-control.ts';
import type { QueueManager } from '../queue/queue-manager.ts';

export interface SettleOptions {
  readonly reports: CerReports;
  readonly queues: QueueManager;
  readonly jobs: Pick<JobControl, 'find'>;
}

/** The code is one of the catalogue, or one of an older version's. */
interface CerFailure {
  readonly code: string;
  readonly message: string;
}

/** A report that was looked at, or whose job was added, less long ago is left alone. */
const quietSeconds = 60;
const mostAtOnce = 100;

/**
 * Compares open reports with their jobs, and brings them to where those are:
 *
 *     its job is gone (a process died in between, the store lost its memory)  ->  the job is added again
 *     its job failed, stalled too often or was cancelled                      ->  the report fails
 *     it has ended, and those who wait were not told                          ->  the notices are added
 *
 * What happens in the usual course is told at once (`failReport`, `sendNotices`); this finds what was missed.
 * @returns how many it had to see to.
 */
export async function settleCerReports(options: SettleOptions): Promise<number> {
  const checks = await options.reports.claimChecks(quietSeconds, mostAtOnce);
  let seen = 0;
  for (const check of checks) {
    if (check.noticeDue) await sendNotices(check.id, options);
    else if (!(await settle(check, options))) continue;
    seen += 1;
  }
  return seen;
}

async function settle(check: CerCheck, options: SettleOptions): Promise<boolean> {
  const { jobId } = check;
  const job = await options.jobs.find('document', jobId);
  switch (job?.state) {
    case undefined:
      await addAgain(check, options);
      return true;
    case 'failed':
    case 'cancelled':
      await failReport(jobId, failureOf(job.failure), options);
      return true;
    case 'completed':
      await failReport(
        jobId,
        { code: 'UNKNOWN', message: 'Its job ended and left no report. Ask for it again.' },
        options,
      );
      return true;
    default:
      return false;
  }
}

/** A report that was begun gets a job of a new id: the old one's may be that of a replay, or be remembered as failed. */
async function addAgain(
  { id, jobId, status, correlationId }: CerCheck,
  { queues, reports }: SettleOptions,
): Promise<void> {
  const next = status === 'queued' ? jobId : `render-cer-${id}-${randomUUID().slice(0, 8)}`;
  if (next !== jobId) await reports.setJob(id, next);
  await queues.addJob(
    'document',
    'render-cer',
    { type: 'clinical-evaluation-report', data: { reportId: id } },
    { jobId: next, correlationId },
  );
}

/** Notes that a report's job has failed for good, and tells those who wait. Jobs of other reports, or of none, are no matter. */
export async function failReport(jobId: string, error: CerFailure, options: SettleOptions): Promise<void> {
  const id = await options.reports.fail(jobId, error);
  if (id !== undefined) await sendNotices(id, options);
}

/** The same for a job that has completed. */
export async function tellOfCompletion(jobId: string, options: SettleOptions): Promise<void> {
  const report = await options.reports.findByJob(jobId);
  if (report !== undefined) await sendNotices(report.id, options);
}

/** Adds the notices of a report's latest end, once each: their keys follow from it. */
async function sendNotices(id: string, { reports, queues }: SettleOptions): Promise<void> {
  const report = await reports.find(id);
  if (report === undefined || (report.status !== 'completed' && report.status !== 'failed')) return;
  const data = { reportId: id, outcome: report.status };
  const terms = (way: string) => ({
    idempotencyKey: `cer/${id}/${report.outcomes}/${way}`,
    correlationId: report.correlationId,
  });
  if (report.notifyEmail !== undefined)
    await queues.addJob('email', 'send-cer-notification', { type: 'cer-notification', data }, terms('mail'));
  if (report.notifyUrl !== undefined)
    await queues.addJob('email', 'send-cer-webhook', { type: 'cer-webhook', data }, terms('webhook'));
  await reports.noticed(id, report.outcomes);
}

/** A job's failure begins with its code in brackets, unless BullMQ has recorded it by itself. */
function failureOf(failure: string | undefined): CerFailure {
  const [, code, message] = /^\[([A-Z][A-Z0-9_]+)\] ([\s\S]*)$/.exec(failure ?? '') ?? [];
  if (code !== undefined && message !== undefined) return { code, message };
  return { code: 'JOB_STALLED', message: `BullMQ gave the job up: ${failure ?? 'no reason given'}.` };
}
