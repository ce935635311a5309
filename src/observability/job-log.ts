import type { Events } from './events.ts';
import type { Logger } from './logger.ts';

/** Writes one line for each end of an attempt; every line of a job bears the same five fields. */
export function logJobs(events: Events, log: Logger): void {
  // Every job leaves this line. It holds only names, ids and numbers, so pino need not search it for what to hide.
  const plain = log.child({}, { redact: [] });
  events.on('job.completed', ({ queue, job, jobId, attempt, correlationId, seconds }) => {
    const ms = Math.round(seconds * 1_000);
    plain.info({ queue, job, jobId, attempt, correlationId, ms }, 'job completed');
  });
  events.on('job.retried', ({ seconds, failure, ...job }) => {
    log.warn(
      { ...job, ms: Math.round(seconds * 1_000), code: failure.code, reason: failure.message },
      'job failed, will be tried again',
    );
  });
  events.on('job.waiting', ({ seconds: _seconds, failure, delayMs, ...job }) => {
    log.info({ ...job, delayMs, code: failure.code, reason: failure.message }, 'job waits');
  });
  events.on('job.cancelled', ({ seconds, envelope: _payload, ...job }) => {
    log.info({ ...job, ms: Math.round(seconds * 1_000) }, 'job cancelled');
  });
  events.on('job.dead_lettered', ({ seconds, failure, deadLetterId, ...job }) => {
    log.error(
      {
        ...job,
        ms: Math.round(seconds * 1_000),
        code: failure.code,
        reason: failure.message,
        stack: failure.stack,
        deadLetterId,
      },
      'job failed for good and was put among the dead letters',
    );
  });
  events.on('schedule.tick', ({ schedule, outcome }) => {
    if (outcome !== 'duplicate') log.info({ schedule, outcome }, 'schedule tick');
  });
}
