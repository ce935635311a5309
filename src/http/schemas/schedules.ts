import { z } from 'zod';
import { count, jobId, queueName, time } from './fields.ts';

const scheduledJob = z
  .object({
    id: jobId,
    state: z
      .enum(['waiting', 'active', 'delayed', 'completed', 'failed', 'cancelled', 'unknown', 'forgotten'])
      .describe('`forgotten`: it has ended, and its queue keeps it no longer'),
    startedAt: time.optional(),
    finishedAt: time.optional(),
  })
  .meta({ id: 'ScheduledJob' });

const tick = z
  .object({
    tickAt: time,
    latenessSeconds: z
      .number()
      .optional()
      .describe('From the tick until its job was made; absent for one that was filled in later'),
    caughtUp: z.boolean().describe('Made up for after nothing had run'),
    backfilledBy: z.string().optional(),
    job: scheduledJob.optional().describe('Absent while it is being made'),
  })
  .meta({ id: 'ScheduleTick' });

export const schedule = z
  .object({
    name: z.string(),
    cron: z.string(),
    timeZone: z.string(),
    queue: queueName,
    job: z.string(),
    enabled: z.boolean().describe('On in the configuration, and not paused'),
    configured: z.boolean().describe('On in `config/schedules.ts`; if not, it cannot be resumed'),
    changedBy: z.string().optional().describe('Who paused or resumed it last'),
    changedAt: time.optional(),
    catchUpSeconds: z.number().describe('How late a tick that was missed is still made up for'),
    next: z.array(time).describe('The next three ticks; none while it is off'),
    ticks: z.array(tick).describe('The latest first: five in the list, fifty alone'),
    runs: z
      .array(z.object({ at: time, by: z.string(), job: scheduledJob }))
      .describe('Jobs that somebody had made at once, the latest first'),
  })
  .meta({ id: 'Schedule' });

export const scheduleAddress = z.object({
  schedule: z.string().min(1).max(100).describe("The schedule's name"),
});

export const scheduleChange = z.strictObject({ enabled: z.boolean().describe('`false` pauses it') });

const when = z.coerce.date({ error: 'must be a time, such as 2026-11-25T03:00:00Z' });

export const backfillRequest = z.strictObject({
  from: when.describe('The first tick is at this time or later'),
  to: when.describe('The last tick is at this time or earlier; not in the future'),
  dryRun: z.boolean().default(true).describe('Only says what would be done. Say `false` to have it done'),
  perSecond: z
    .number()
    .min(0.01)
    .max(50)
    .default(1)
    .describe('The pace: the first job runs at once, each other that much later than the one before'),
  limit: z.int().min(1).max(500).default(500).describe('The most ticks that this request deals with'),
  cursor: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe('The `nextCursor` of the answer before, for the same span and pace: goes on there'),
});

export const backfill = z
  .object({
    dryRun: z.boolean(),
    missing: count.describe('Of these ticks, those without a job; 0 when they were filled in'),
    made: count.describe('Jobs that this request has made'),
    left: count.describe('Ticks without a job after these'),
    nextCursor: z
      .string()
      .nullable()
      .describe('Where the span goes on, as `cursor` of the next request; `null` at its end'),
    dated: z.boolean().describe("Whether each job gets its tick's own date"),
    ticks: z.array(
      z.object({
        tickAt: time,
        state: z
          .enum(['missing', 'made', 'there', 'forgotten'])
          .describe(
            '`there`: it had a job; `forgotten`: before what the ledger still knows, so it is left alone',
          ),
        jobId: jobId.optional(),
      }),
    ),
  })
  .meta({ id: 'Backfill' });
