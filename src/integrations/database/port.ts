import type { AccessTables } from './port/access.ts';
import type { Activity } from './port/activity.ts';
import type { AlertLedger } from './port/alerts.ts';
import type { AuditLog } from './port/audit.ts';
import type { CerReports } from './port/cer.ts';
import type { Conversions } from './port/conversions.ts';
import type { DeadLetterRecords } from './port/dead-letters.ts';
import type { Attachments, Documents } from './port/documents.ts';
import type { ExportSource } from './port/exports.ts';
import type { JobCancellations } from './port/job-cancellations.ts';
import type { JobIndex } from './port/job-index.ts';
import type { Lists } from './port/lists.ts';
import type { Deliveries, Mailings } from './port/mail.ts';
import type { ModelBudget } from './port/model-budget.ts';
import type { Proposals } from './port/proposals.ts';
import type { ReportSource } from './port/reports.ts';
import type { ScheduleRecords } from './port/schedules.ts';
import type { Stories } from './port/stories.ts';
import type { Entities, Opportunities, Syncs } from './port/sync.ts';
import type { Analytics, Cleanup, ScheduleTicks } from './port/upkeep.ts';
import type { Users } from './port/users.ts';

export * from './port/access.ts';
export * from './port/activity.ts';
export * from './port/alerts.ts';
export * from './port/audit.ts';
export * from './port/cer.ts';
export * from './port/conversions.ts';
export * from './port/dead-letters.ts';
export * from './port/documents.ts';
export * from './port/exports.ts';
export * from './port/job-cancellations.ts';
export * from './port/job-index.ts';
export * from './port/lists.ts';
export * from './port/mail.ts';
export * from './port/model-budget.ts';
export * from './port/proposals.ts';
export * from './port/reports.ts';
export * from './port/schedules.ts';
export * from './port/stories.ts';
export * from './port/sync.ts';
export * from './port/upkeep.ts';
export * from './port/users.ts';

/**
 * The application's own tables, by what is asked of them. What must be atomic is a function in `migrations/`, which
 * every driver calls. All methods throw MillraceError DATABASE_UNAVAILABLE when the database is away.
 */
export interface Database {
  readonly users: Users;
  readonly deliveries: Deliveries;
  readonly mailings: Mailings;
  readonly documents: Documents;
  readonly attachments: Attachments;
  readonly conversions: Conversions;
  readonly opportunities: Opportunities;
  readonly entities: Entities;
  readonly syncs: Syncs;
  readonly analytics: Analytics;
  readonly cleanup: Cleanup;
  readonly stories: Stories;
  readonly modelBudget: ModelBudget;
  readonly cerReports: CerReports;
  readonly ticks: ScheduleTicks;
  readonly schedules: ScheduleRecords;
  readonly reports: ReportSource;
  readonly proposals: Proposals;
  readonly exports: ExportSource;
  readonly jobCancellations: JobCancellations;
  readonly jobIndex: JobIndex;
  readonly deadLetters: DeadLetterRecords;
  readonly activity: Activity;
  readonly audit: AuditLog;
  readonly access: AccessTables;
  readonly alerts: AlertLedger;
  readonly lists: Lists;
  /** Latency in ms of the smallest query. */
  ping(): Promise<number>;
  close(): Promise<void>;
}
