import { queues as definitions, type QueueName, queueNames } from '../../queues/index.ts';
import type { Activity, ActivityStep, LiveProcess } from '../integrations/database/port.ts';
import { quantile } from '../observability/activity.ts';
import { deadLetterQueueOf } from './dead-letters.ts';
import { queueNameOf } from './definitions.ts';
import type { QueueCounts, QueueManager } from './queue-manager.ts';

/** Half of what was counted took less than `p50` seconds, all but a twentieth less than `p95`. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

export interface WorkerView {
  readonly instance: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly seenAt: Date;
  readonly memoryBytes: number;
  /** Jobs of this queue that run there. */
  readonly active: number;
}

/** A queue as it is now, and as it went in the last five minutes, over all processes. */
export interface QueueView {
  readonly name: QueueName;
  readonly summary: string;
  readonly paused: boolean;
  readonly counts: QueueCounts;
  readonly deadLetters: number;
  /** Seconds that the oldest waiting job has been due for; 0 when none waits. */
  readonly oldestWaitingSeconds: number;
  /** Ends of attempts in a minute. */
  readonly perMinute: Rates;
  /** From when jobs were due to when they were taken; absent when none was. */
  readonly waitSeconds: Spread | undefined;
  readonly durationSeconds: Spread | undefined;
  readonly workers: readonly WorkerView[];
}

export type Rates = Readonly<Record<'completed' | 'failed' | 'retried' | 'cancelled', number>>;

export interface QueueActivity extends Rates {
  readonly at: Date;
  readonly waitSeconds: Spread | undefined;
  readonly durationSeconds: Spread | undefined;
}

const minuteMs = 60_000;
const rateMinutes = 5;
/** A process reports every ten seconds; one that was silent for three times as long is gone. */
const liveSeconds = 30;
const mostSteps = 1_500;

export interface QueueControlOptions {
  readonly queues: QueueManager;
  readonly activity: Activity;
  readonly clock?: () => number;
}

/** The queues as a whole, for people: how they do, and whether they go on. */
export class QueueControl {
  readonly #queues: QueueManager;
  readonly #activity: Activity;
  readonly #clock: () => number;

  constructor({ queues, activity, clock = Date.now }: QueueControlOptions) {
    this.#queues = queues;
    this.#activity = activity;
    this.#clock = clock;
  }

  /** All queues, in the order of their definitions. */
  async list(): Promise<QueueView[]> {
    const recent = await this.#recent();
    return Promise.all(queueNames.map((name) => this.#view(name, recent)));
  }

  /** @throws MillraceError UNKNOWN_QUEUE */
  async find(queue: string): Promise<QueueView> {
    const name = queueNameOf(queue);
    return this.#view(name, await this.#recent());
  }

  /**
   * Lets workers take no more of its jobs; those that run go on, and adding goes on. Again is harmless.
   * @throws MillraceError UNKNOWN_QUEUE
   */
  async pause(queue: string): Promise<QueueView> {
    const name = queueNameOf(queue);
    await this.#queues.reach(() => this.#queues.queue(name).pause());
    return this.find(name);
  }

  /** Lets workers take jobs again. @throws MillraceError UNKNOWN_QUEUE */
  async resume(queue: string): Promise<QueueView> {
    const name = queueNameOf(queue);
    await this.#queues.reach(() => this.#queues.queue(name).resume());
    return this.find(name);
  }

  /**
   * What a queue did in [from, until), a step each, those left out in which it did nothing. Minutes are the finest that
   * is kept, for eight days; a span that has more than 1,500 steps gets longer ones.
   * @throws MillraceError UNKNOWN_QUEUE
   */
  async activity(queue: string, from: Date, until: Date, stepSeconds = 60): Promise<QueueActivity[]> {
    return this.#activityOf([queueNameOf(queue)], from, until, stepSeconds);
  }

  /** The same of all queues together. */
  activityOfAll(from: Date, until: Date, stepSeconds = 60): Promise<QueueActivity[]> {
    return this.#activityOf(queueNames, from, until, stepSeconds);
  }

  /** Every process that has told of itself lately, whatever it does. */
  processes(): Promise<readonly LiveProcess[]> {
    return this.#activity.processes(liveSeconds);
  }

  async #activityOf(
    names: readonly string[],
    from: Date,
    until: Date,
    stepSeconds: number,
  ): Promise<QueueActivity[]> {
    const least = Math.ceil((until.getTime() - from.getTime()) / mostSteps / minuteMs) * 60;
    const step = Math.max(60, least, Math.ceil(stepSeconds / 60) * 60);
    const steps = await this.#activity.steps(from, until, step);
    const byTime = new Map<number, ActivityStep[]>();
    for (const one of steps) {
      if (!names.includes(one.queue)) continue;
      const at = one.at.getTime();
      byTime.set(at, [...(byTime.get(at) ?? []), one]);
    }
    return [...byTime]
      .sort(([a], [b]) => a - b)
      .map(([at, together]) => {
        const sum = (end: keyof Rates) => together.reduce((total, one) => total + one[end], 0);
        return {
          at: new Date(at),
          completed: sum('completed'),
          failed: sum('failed'),
          retried: sum('retried'),
          cancelled: sum('cancelled'),
          waitSeconds: spreadOf(together.map(({ waits }) => waits)),
          durationSeconds: spreadOf(together.map(({ durations }) => durations)),
        };
      });
  }

  async #recent(): Promise<Recent> {
    const now = this.#clock();
    const from = Math.floor(now / minuteMs) * minuteMs - rateMinutes * minuteMs;
    const [steps, processes] = await Promise.all([
      this.#activity.steps(new Date(from), new Date(now + minuteMs), 60),
      this.#activity.processes(liveSeconds),
    ]);
    return { steps, processes, minutes: (now - from) / minuteMs };
  }

  async #view(name: QueueName, { steps, processes, minutes }: Recent): Promise<QueueView> {
    const queue = this.#queues.queue(name);
    const [counts, letters, oldest, paused] = await Promise.all([
      this.#queues.counts(name),
      this.#queues.counts(deadLetterQueueOf(name)),
      this.#queues.oldestWaitingSeconds(name),
      this.#queues.reach(() => queue.isPaused()),
    ]);
    const own = steps.filter((step) => step.queue === name);
    const rate = (end: keyof Rates) =>
      Math.round((own.reduce((sum, step) => sum + step[end], 0) / minutes) * 100) / 100;
    return {
      name,
      summary: definitions[name].summary,
      paused,
      counts,
      deadLetters: letters.waiting,
      oldestWaitingSeconds: oldest,
      perMinute: {
        completed: rate('completed'),
        failed: rate('failed'),
        retried: rate('retried'),
        cancelled: rate('cancelled'),
      },
      waitSeconds: spreadOf(own.map(({ waits }) => waits)),
      durationSeconds: spreadOf(own.map(({ durations }) => durations)),
      workers: processes
        .filter(({ roles }) => roles.includes('worker'))
        .map((process) => workerOf(process, name)),
    };
  }
}

interface Recent {
  readonly steps: readonly ActivityStep[];
  readonly processes: readonly LiveProcess[];
  readonly minutes: number;
}

function workerOf(process: LiveProcess, queue: string): WorkerView {
  const { instance, host, pid, startedAt, seenAt, memoryBytes, active } = process;
  return { instance, host, pid, startedAt, seenAt, memoryBytes, active: active[queue] ?? 0 };
}

function spreadOf(lists: readonly (readonly number[])[]): Spread | undefined {
  const sums: number[] = [];
  for (const list of lists) {
    for (const [index, count] of list.entries()) sums[index] = (sums[index] ?? 0) + count;
  }
  const p50 = quantile(sums, 0.5);
  const p95 = quantile(sums, 0.95);
  return p50 === undefined || p95 === undefined ? undefined : { p50, p95 };
}
