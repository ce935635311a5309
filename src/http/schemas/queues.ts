import { z } from 'zod';
import { count, queueName, time } from './fields.ts';

const spread = z
  .object({
    p50: z.number().describe('Half took less than this, in seconds'),
    p95: z.number().describe('All but a twentieth took less than this, in seconds'),
  })
  .meta({ id: 'Spread' });

const rates = { completed: z.number(), failed: z.number(), retried: z.number(), cancelled: z.number() };

const worker = z
  .object({
    instance: z.string(),
    host: z.string(),
    pid: count,
    startedAt: time,
    seenAt: time.describe('Its last word; processes report every ten seconds'),
    memoryBytes: count,
    active: count.describe('Jobs of this queue that run there'),
  })
  .meta({ id: 'Worker' });

/** A queue as the API shows it. */
export const queue = z
  .object({
    name: queueName,
    summary: z.string(),
    paused: z.boolean(),
    counts: z.object({ waiting: count, active: count, delayed: count, completed: count, failed: count }),
    deadLetters: count,
    oldestWaitingSeconds: z
      .number()
      .describe('How long the oldest waiting job has been due; 0 when none waits'),
    perMinute: z
      .object(rates)
      .describe('Ends of attempts in the last five minutes, of all processes, a minute'),
    waitSeconds: spread
      .optional()
      .describe('From when jobs were due to when they were taken, in the last five minutes'),
    durationSeconds: spread.optional().describe('How long attempts ran, in the last five minutes'),
    workers: z.array(worker),
  })
  .meta({ id: 'Queue' });

/** What a queue did in one step of a span. */
export const queueActivity = z
  .object({ at: time, ...rates, waitSeconds: spread.optional(), durationSeconds: spread.optional() })
  .meta({ id: 'QueueActivity' });

export const queueAddress = z.object({ queue: queueName });

export const activityQuery = z.strictObject({
  hours: z.coerce.number().min(0.05).max(192).default(1).describe('How far it reaches back'),
  step: z.coerce
    .number()
    .int()
    .min(60)
    .max(86_400)
    .optional()
    .describe('Seconds of a step; a minute when absent, more for long spans'),
});
