import { createAccessTables } from '../functions/access.ts';
import { createActivity } from '../functions/activity.ts';
import { createAlertLedger } from '../functions/alerts.ts';
import { createAudit } from '../functions/audit.ts';
import { callerOn } from '../functions/call.ts';
import { createDeadLetterRecords } from '../functions/dead-letters.ts';
import { createJobCancellations } from '../functions/job-cancellations.ts';
import { createJobIndex } from '../functions/job-index.ts';
import { createLists } from '../functions/lists.ts';
import { createScheduleRecords } from '../functions/schedules.ts';
import type { Database } from '../port.ts';
import { createAnalytics } from './analytics.ts';
import { createAttachments } from './attachments.ts';
import { createCerReports } from './cer.ts';
import { createCleanup } from './cleanup.ts';
import { connect, openPool } from './connection.ts';
import { createConversions } from './conversions.ts';
import { createDeliveries } from './deliveries.ts';
import { createDocuments } from './documents.ts';
import { createEntities } from './entities.ts';
import { createExports } from './exports.ts';
import { createMailings } from './mailings.ts';
import { createModelBudget } from './model-budget.ts';
import { createOpportunities } from './opportunities.ts';
import { createProposals } from './proposals.ts';
import { createReports } from './reports.ts';
import { createStories } from './stories.ts';
import { createSyncs } from './syncs.ts';
import { createTicks } from './ticks.ts';
import { createUsers } from './users.ts';

export interface DatabaseOptions {
  readonly url: string;
  readonly poolMax: number;
}

/** Opens the application's tables on PostgreSQL; nothing is connected before the first query. */
export function openDatabase({ url, poolMax }: DatabaseOptions): Database {
  const pool = openPool(url, poolMax);
  const connection = connect(pool);
  const call = callerOn(connection);
  return {
    users: createUsers(connection),
    deliveries: createDeliveries(connection),
    mailings: createMailings(connection),
    documents: createDocuments(connection),
    attachments: createAttachments(connection),
    conversions: createConversions(connection, url),
    opportunities: createOpportunities(connection),
    entities: createEntities(connection),
    syncs: createSyncs(connection),
    analytics: createAnalytics(connection),
    cleanup: createCleanup(connection),
    stories: createStories(connection),
    modelBudget: createModelBudget(connection),
    cerReports: createCerReports(connection),
    ticks: createTicks(connection),
    schedules: createScheduleRecords(call),
    reports: createReports(connection),
    proposals: createProposals(connection),
    exports: createExports(pool),
    jobCancellations: createJobCancellations(call),
    jobIndex: createJobIndex(call),
    deadLetters: createDeadLetterRecords(call),
    activity: createActivity(call),
    audit: createAudit(call),
    access: createAccessTables(call),
    alerts: createAlertLedger(call),
    lists: createLists(call),
    async ping() {
      const began = performance.now();
      await connection.query('select 1');
      return performance.now() - began;
    },
    close: () => pool.end(),
  };
}
