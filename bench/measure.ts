import type { Contestant } from './contestant.ts';
import type { Store } from './stores.ts';
import type { Task, Timing } from './tasks.ts';

/** One task over all rounds. A ratio above 1 says that Millrace was faster. */
export interface Measurement {
  readonly store: Store['kind'];
  readonly task: Task;
  /** Jobs of one round. */
  readonly jobs: number;
  readonly goal: number | undefined;
  readonly ratio: Spread;
  readonly jobsPerSecond: Peers;
  /** Microseconds of the Node process's own processor time for a job: says more than the wall on a busy machine. */
  readonly cpuMicroseconds: Peers;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: readonly number[];
}

interface Peers {
  readonly raw: number;
  readonly millrace: number;
}

export interface Contest {
  readonly store: Store;
  readonly raw: Contestant;
  readonly millrace: Contestant;
}

export interface Plan {
  readonly tasks: readonly Task[];
  readonly rounds: number;
  /** Jobs that are processed in a round; the other tasks take a share of it. */
  readonly jobs: number;
  /** Told before each round, the warm-up included. */
  readonly onRound: (round: number) => void;
}

/** What `design` asks of this version; a bulk add has no goal yet. */
const goals: Readonly<Record<Store['kind'], Partial<Readonly<Record<Task, number>>>>> = {
  redis: { lone: 0.95, concurrent: 0.95, process: 0.95 },
  postgres: { lone: 0.95, concurrent: 4, process: 0.95 },
};

interface Pair {
  readonly raw: Timing;
  readonly millrace: Timing;
}

/**
 * Runs all tasks of all rounds, both peers in turn, and the one that begins changes with each round: what slows the
 * machine for a while slows both. A round's ratio compares two runs that stood side by side.
 */
export async function measure(contest: Contest, plan: Plan): Promise<Measurement[]> {
  const { tasks } = plan;
  const pairs = new Map<Task, Pair[]>(tasks.map((task) => [task, []]));
  // Round 0 warms up connections, compilers and caches, and does not count.
  for (let round = 0; round <= plan.rounds; round++) {
    plan.onRound(round);
    for (const task of tasks) {
      const pair = await runPair(contest, task, jobsOf(task, plan.jobs), round % 2 === 0);
      if (round > 0) pairs.get(task)?.push(pair);
    }
  }
  return tasks.map((task) => ({
    store: contest.store.kind,
    task,
    jobs: jobsOf(task, plan.jobs),
    goal: goals[contest.store.kind][task],
    ...summarize(pairs.get(task) ?? []),
  }));
}

/** Adding one by one takes long, and a bulk is made of 500s. */
function jobsOf(task: Task, jobs: number): number {
  if (task === 'lone') return Math.ceil(jobs / 5);
  if (task === 'bulk') return Math.max(500, Math.floor(jobs / 500) * 500);
  return Math.max(100, Math.floor(jobs / 100) * 100);
}

async function runPair(contest: Contest, task: Task, jobs: number, rawFirst: boolean): Promise<Pair> {
  const run = async (peer: Contestant) => {
    await contest.store.clear();
    return peer.perform(task, jobs);
  };
  if (rawFirst) return { raw: await run(contest.raw), millrace: await run(contest.millrace) };
  const millrace = await run(contest.millrace);
  return { millrace, raw: await run(contest.raw) };
}

function summarize(pairs: readonly Pair[]): Pick<Measurement, 'ratio' | 'jobsPerSecond' | 'cpuMicroseconds'> {
  const ratios = pairs.map(({ raw, millrace }) => raw.seconds / millrace.seconds);
  const both = (value: (timing: Timing) => number): Peers => ({
    raw: median(pairs.map(({ raw }) => value(raw))),
    millrace: median(pairs.map(({ millrace }) => value(millrace))),
  });
  return {
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios), rounds: ratios },
    jobsPerSecond: both(({ jobs, seconds }) => jobs / seconds),
    cpuMicroseconds: both(({ jobs, cpuSeconds }) => (cpuSeconds / jobs) * 1_000_000),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
