import { createAccessTables } from '../functions/access.ts';
import { createActivity } from '../functions/activity.ts';
import { createAlertLedger } from '../functions/alerts.ts';
import { createAudit } from '../functions/audit.ts';
import { createDeadLetterRecords } from '../functions/dead-letters.ts';
import { createJobCancellations } from '../functions/job-cancellations.ts';
import { createJobIndex } from '../functions/job-index.ts';
import { createLists } from '../functions/lists.ts';
import { createScheduleRecords } from '../functions/schedules.ts';
import type { Database } from '../port.ts';
import { createAnalytics } from './analytics.ts';
import { openApi, type SupabaseOptions } from './api.ts';
import { createAttachments } from './attachments.ts';
import { createCerReports } from './cer.ts';
import { createCleanup } from './cleanup.ts';
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

/** Opens the application's tables through the API of a Supabase project; nothing is asked before the first call. */
export function openSupabase(options: SupabaseOptions): Database {
  const api = openApi(options);
  return {
    users: createUsers(api),
    deliveries: createDeliveries(api),
    mailings: createMailings(api),
    documents: createDocuments(api),
    attachments: createAttachments(api),
    conversions: createConversions(api),
    opportunities: createOpportunities(api),
    entities: createEntities(api),
    syncs: createSyncs(api),
    analytics: createAnalytics(api),
    cleanup: createCleanup(api),
    stories: createStories(api),
    modelBudget: createModelBudget(api),
    cerReports: createCerReports(api),
    ticks: createTicks(api),
    schedules: createScheduleRecords(api.call),
    reports: createReports(api),
    proposals: createProposals(api),
    exports: createExports(api),
    jobCancellations: createJobCancellations(api.call),
    jobIndex: createJobIndex(api.call),
    deadLetters: createDeadLetterRecords(api.call),
    activity: createActivity(api.call),
    audit: createAudit(api.call),
    access: createAccessTables(api.call),
    alerts: createAlertLedger(api.call),
    lists: createLists(api.call),
    async ping() {
      const began = performance.now();
      await api.rows(api.tables.from('users').select('id').limit(1));
      return performance.now() - began;
    },
    // Every request stands alone: there is no connection to give back.
    close: () => Promise.resolve(),
  };
}
