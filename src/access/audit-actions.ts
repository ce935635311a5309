/**
 * Every action that the audit log knows, with what it means. The set is closed: a change that is not here is not offered.
 * Names are stable, since they stand in a log that is never changed. `docs/permissions.md` is made from this table.
 */
export const auditActions = {
  'sign-in': 'Signed in, or tried to',
  'sign-out': 'Signed out',
  'sign-out-everywhere': 'Ended all sessions of a person',
  'token.create': 'Made an API token',
  'token.revoke': 'Revoked an API token',
  'job.add': 'Added a job by hand',
  'job.cancel': 'Cancelled a job',
  'job.retry': 'Retried a failed job',
  'job.rerun': 'Ran a job again as a new one, its payload edited or not',
  'job.promote': 'Let a delayed job run now',
  'job.reschedule': 'Moved a delayed job to another time',
  'job.prioritize': 'Changed the priority of a job',
  'job.remove': 'Removed a job',
  'job.reveal': 'Looked at a job in clear',
  'queue.pause': 'Paused a queue',
  'queue.resume': 'Resumed a queue',
  'queue.retry': 'Retried all jobs of a queue in one state',
  'queue.promote': 'Let all delayed jobs of a queue run now',
  'queue.clean': 'Removed all jobs of a queue in one state',
  'queue.empty': 'Removed all jobs of a queue that wait',
  'queue.limit': 'Changed the concurrency or the rate limit of a queue',
  'dead-letter.replay': 'Replayed a dead letter, or several',
  'dead-letter.discard': 'Discarded a dead letter, or several',
  'dead-letter.reveal': 'Looked at a dead letter in clear',
  'mail.reveal': 'Looked at a mail',
  'schedule.run': 'Ran a schedule now',
  'schedule.change': 'Paused or resumed a schedule',
  'schedule.backfill': 'Ran the ticks of a schedule that lie in the past',
  'audit.export': 'Exported the audit log',
  'cer-report.add': 'Asked for a clinical evaluation report by hand',
  'conversion.add': 'Uploaded a PDF by hand',
  'story.add': 'Added a story by hand',
  'story.change': 'Changed a story by hand',
} as const satisfies Record<string, string>;

export type AuditAction = keyof typeof auditActions;
