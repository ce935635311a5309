import type { EventMap, Events } from './events.ts';

/** Upper bounds of the buckets in which times are counted, in seconds; the last one has none. */
export const bucketBounds = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400,
  86_400,
] as const;

const bucketCount = bucketBounds.length + 1;
const minuteMs = 60_000;

/** What happened in a queue in one minute, in this process or, once added up, in all. */
export interface QueueMinute {
  readonly queue: string;
  /** When the minute began. */
  readonly minute: Date;
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
  readonly cancelled: number;
  /** How many jobs were taken after how long a wait, and how many attempts ran for how long, by `bucketBounds`. */
  readonly waits: readonly number[];
  readonly durations: readonly number[];
}

type Counted = { -readonly [K in keyof QueueMinute]: QueueMinute[K] } & {
  waits: number[];
  durations: number[];
};

/** What is not written for so long is let go: figures are no reason to run out of memory. */
const mostMinutes = 1_000;

/** Counts what this process does, by queue and minute, until it is written. */
export class ActivityCounter {
  readonly #clock: () => number;
  #minutes = new Map<string, Counted>();

  constructor(events: Events, clock: () => number = Date.now) {
    this.#clock = clock;
    events.on('job.started', ({ queue, waitSeconds }) => {
      const { waits } = this.#now(queue);
      const bucket = bucketOf(waitSeconds);
      waits[bucket] = (waits[bucket] ?? 0) + 1;
    });
    const ends = {
      'job.completed': 'completed',
      'job.retried': 'retried',
      'job.dead_lettered': 'failed',
      'job.cancelled': 'cancelled',
    } as const satisfies { readonly [K in keyof EventMap]?: keyof QueueMinute };
    const listen = <K extends keyof typeof ends>(name: K) => {
      events.on(name, ({ queue, seconds }: EventMap[K]) => this.#ended(queue, ends[name], seconds));
    };
    listen('job.completed');
    listen('job.retried');
    listen('job.dead_lettered');
    listen('job.cancelled');
  }

  /** Takes out what was counted so far. */
  drain(): readonly QueueMinute[] {
    const drained = [...this.#minutes.values()];
    this.#minutes = new Map();
    return drained;
  }

  /** Puts back what could not be written. */
  restore(minutes: readonly QueueMinute[]): void {
    for (const minute of minutes) {
      const key = keyOf(minute.queue, minute.minute.getTime());
      const counted = this.#minutes.get(key);
      if (counted === undefined) {
        if (this.#minutes.size < mostMinutes) {
          this.#minutes.set(key, { ...minute, waits: [...minute.waits], durations: [...minute.durations] });
        }
        continue;
      }
      for (const end of ['completed', 'failed', 'retried', 'cancelled'] as const) counted[end] += minute[end];
      addTo(counted.waits, minute.waits);
      addTo(counted.durations, minute.durations);
    }
  }

  #ended(queue: string, end: 'completed' | 'failed' | 'retried' | 'cancelled', seconds: number): void {
    const minute = this.#now(queue);
    minute[end] += 1;
    // A job that was taken out before it ran has no duration.
    if (end === 'cancelled' && seconds === 0) return;
    const bucket = bucketOf(seconds);
    minute.durations[bucket] = (minute.durations[bucket] ?? 0) + 1;
  }

  #now(queue: string): Counted {
    const minute = Math.floor(this.#clock() / minuteMs) * minuteMs;
    const key = keyOf(queue, minute);
    let counted = this.#minutes.get(key);
    if (counted === undefined) {
      counted = {
        queue,
        minute: new Date(minute),
        completed: 0,
        failed: 0,
        retried: 0,
        cancelled: 0,
        waits: Array<number>(bucketCount).fill(0),
        durations: Array<number>(bucketCount).fill(0),
      };
      this.#minutes.set(key, counted);
    }
    return counted;
  }
}

function keyOf(queue: string, minute: number): string {
  return `${queue} ${minute}`;
}

function bucketOf(seconds: number): number {
  const bucket = bucketBounds.findIndex((bound) => seconds <= bound);
  return bucket === -1 ? bucketCount - 1 : bucket;
}

function addTo(sums: number[], more: readonly number[]): void {
  for (const [index, count] of more.entries()) sums[index] = (sums[index] ?? 0) + count;
}

/**
 * The time below which a share of what was counted lies, in seconds, as far as its bucket tells: within it times are
 * taken to be spread evenly. `undefined` when nothing was counted.
 */
export function quantile(buckets: readonly number[], share: number): number | undefined {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    if (count > 0 && below + count >= share * total) {
      const from = bucketBounds[index - 1] ?? 0;
      const to = bucketBounds[index] ?? from;
      return from + ((to - from) * (share * total - below)) / count;
    }
    below += count;
  }
  return bucketBounds.at(-1);
}
