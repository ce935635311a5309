import { z } from 'zod';

/** What a job or queue asks for when nobody says otherwise. Times in ms. */
export interface JobDefaults {
  /** Tries in all, the first included. */
  readonly attempts?: number;
  /** First pause before another try; it doubles from then on, with jitter. */
  readonly backoffMs?: number;
  /** How long one attempt may run before its signal is aborted. */
  readonly timeoutMs?: number;
}

/** How many finished jobs the queue keeps, and for how long. Idempotency keys are remembered as long. */
export interface Retention {
  readonly ageMs?: number;
  readonly count?: number;
}

export interface QueueDefaults extends JobDefaults {
  readonly concurrency: number;
  /** How many of its jobs all processes together may begin in a time. */
  readonly limit?: { readonly max: number; readonly durationMs: number };
  /** How often a job may outlive its worker before it counts as the cause. */
  readonly maxStalls: number;
  readonly keepCompleted: Retention;
  readonly keepFailed: Retention;
}

/** A job as data: what it takes, what it gives, what it is for. */
export interface JobDefinition<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> {
  /** One line for the board, the API document and `docs/jobs.md`. */
  readonly summary: string;
  /** The envelope `{ type, data }`. */
  readonly payload: P;
  readonly result: R;
  readonly defaults: JobDefaults;
}

export interface QueueDefinition<Jobs extends Record<string, JobDefinition> = Record<string, JobDefinition>> {
  readonly name: string;
  readonly summary: string;
  readonly defaults: QueueDefaults;
  readonly jobs: Jobs;
}

const hour = 3_600_000;

/** The platform's own defaults; a queue overrides them, a job overrides its queue. */
const platformDefaults = {
  timeoutMs: 5 * 60_000,
  concurrency: 5,
  maxStalls: 5,
  keepCompleted: { ageMs: 24 * hour },
  keepFailed: { ageMs: 7 * 24 * hour, count: 5_000 },
} as const satisfies Partial<QueueDefaults>;

/** The envelope of the seeds: a `type` that says what `data` is. Both refuse fields that are not listed. */
export function envelope<const T extends string, D extends z.ZodRawShape>(type: T, data: D) {
  return z.strictObject({ type: z.literal(type), data: z.strictObject(data) });
}

/**
 * Marks a field that holds what is a person's own: viewers and operators see it masked, wherever jobs are shown, and so do
 * logs and alerts. What a payload holds beyond its schema is masked without a mark.
 */
export function sensitive<S extends z.ZodType>(field: S): S {
  return field.meta({ sensitive: true });
}

/** Things that belong to whoever added them, as payloads name them by their id; a `file` by its key in the storage. */
export const ownedThings = ['document', 'story', 'cer-report', 'conversion', 'attachment', 'file'] as const;
export type OwnedThing = (typeof ownedThings)[number];

/**
 * Marks a field that names a thing of somebody's: where a job is added over HTTP, only who may see the thing may name it
 * (`src/http/named-things.ts`). Within the platform it says nothing.
 */
export function refersTo<S extends z.ZodType>(thing: OwnedThing, field: S): S {
  return field.meta({ refersTo: thing });
}

/** Declares a job. Throws at once, when loaded, if it cannot work. */
export function defineJob<P extends z.ZodType, R extends z.ZodType>(job: {
  readonly summary: string;
  readonly payload: P;
  readonly result: R;
  readonly defaults?: JobDefaults;
}): JobDefinition<P, R> {
  if (job.summary.trim() === '') throw new Error('A job needs a summary.');
  return { ...job, defaults: job.defaults ?? {} };
}

const namePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Declares a queue with its jobs; names become parts of keys, addresses and metric labels, so they are checked. */
export function defineQueue<const Jobs extends Record<string, JobDefinition>>(queue: {
  readonly name: string;
  readonly summary: string;
  readonly defaults?: Partial<QueueDefaults>;
  readonly jobs: Jobs;
}): QueueDefinition<Jobs> {
  for (const name of [queue.name, ...Object.keys(queue.jobs)]) {
    if (!namePattern.test(name))
      throw new Error(`"${name}" is no name: use small letters, digits and hyphens.`);
  }
  return { ...queue, defaults: { ...platformDefaults, ...queue.defaults } };
}
