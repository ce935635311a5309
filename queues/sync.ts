import { z } from 'zod';
import { defineJob, defineQueue, envelope } from './define.ts';
import { count, dateRange, isoTime } from './fields.ts';

/** Unique Entity Identifier: twelve characters without O and I (SAM.gov's Entity Management API). */
const uei = z
  .string()
  .regex(/^[A-HJ-NP-Z0-9]{12}$/, 'must be a UEI: 12 capital letters and digits, without O and I');

const days = z.int().min(1).max(3_650);

const cleanupClasses = z.strictObject({
  opportunities: days.optional(),
  documents: days.optional(),
  cerReports: days.optional(),
  deliveries: days.optional(),
  conversions: days.optional(),
  scheduleTicks: days.optional(),
  syncRejects: days.optional(),
});

export const syncQueue = defineQueue({
  name: 'sync',
  summary: 'Data from outside, and upkeep',
  // A sync resumes where it stopped, so outliving its worker often says nothing against it.
  defaults: { timeoutMs: 60 * 60_000, maxStalls: 20 },
  jobs: {
    'sam-gov-sync': defineJob({
      summary: 'Brings opportunities or entities of SAM.gov up to date',
      payload: z.discriminatedUnion('type', [
        envelope('sam-gov-opportunities', { fullSync: z.boolean(), dateRange: dateRange.optional() }),
        envelope('sam-gov-entities', {
          fullSync: z.boolean(),
          ueis: z.array(uei).min(1).max(1_000).optional(),
          dateRange: dateRange.optional(),
        }),
      ]),
      result: z.strictObject({
        fetched: count,
        inserted: count,
        updated: count,
        unchanged: count,
        skipped: count,
        /** Why records were put aside, with how many of each. */
        skippedReasons: z.record(z.string(), count),
        requestsUsed: count,
        pages: count,
        from: z.string(),
        to: z.string(),
      }),
    }),
    'refresh-analytics': defineJob({
      summary: 'Renews the aggregates that reports and summaries read',
      payload: envelope('refresh-analytics', {
        scope: z.enum(['all', 'opportunities', 'entities']).default('all'),
      }),
      result: z.strictObject({ refreshed: z.array(z.string()), durationMs: count, refreshedAt: isoTime }),
    }),
    'cleanup-data': defineJob({
      summary: 'Removes what is past its time, rows and files together',
      payload: envelope('cleanup-data', {
        dryRun: z.boolean().default(false),
        olderThanDays: cleanupClasses.optional(),
      }),
      result: z.strictObject({ dryRun: z.boolean(), removed: z.record(z.string(), count) }),
    }),
  },
});
