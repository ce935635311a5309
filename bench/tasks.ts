import { setTimeout as pause } from 'node:timers/promises';
import { type Elapsed, startClock } from './clock.ts';
import { makePayload, type Peer } from './peers/peer.ts';

/** What `npm run bench` measures; each task runs in the process of its peer. */
export const tasks = ['lone', 'concurrent', 'bulk', 'process'] as const;
/** `steady`: jobs are added and done at the same time. */
export const allTasks = [...tasks, 'steady'] as const;
export type Task = (typeof allTasks)[number];

/** What `jobs` jobs took. */
export interface Timing extends Elapsed {
  readonly jobs: number;
}

const callsAtOnce = 100;
const bulkSize = 500;
/** Of a steady load: so many wait at most, so that no worker ever waits for a job. */
const mostAhead = 2_000;
/** For the store to record as completed what has run; the last few jobs at most. */
const settleMs = 30_000;

/**
 * Does one task on an empty queue, and checks that each of its jobs is there, or ran, exactly once. A job that is processed
 * keeps the processor for `workMs`.
 */
export async function perform(peer: Peer, task: Task, jobs: number, workMs = 0): Promise<Timing> {
  if (task === 'process') return processJobs(peer, jobs, workMs);
  if (task === 'steady') return addAndProcess(peer, jobs);
  const payloads = Array.from({ length: jobs }, (_, index) => makePayload(index));
  const clock = startClock();
  const ids = await adders[task](peer, payloads);
  const timing = { jobs, ...clock() };
  const { waiting } = await peer.counts();
  if (waiting !== jobs || new Set(ids).size !== jobs)
    throw new Error(`${jobs} jobs were added, ${waiting} wait, and there are ${new Set(ids).size} ids.`);
  return timing;
}

type Payloads = readonly ReturnType<typeof makePayload>[];

const adders: Readonly<
  Record<Exclude<Task, 'process' | 'steady'>, (peer: Peer, payloads: Payloads) => Promise<string[]>>
> = {
  async lone(peer: Peer, payloads: Payloads): Promise<string[]> {
    const ids: string[] = [];
    for (const payload of payloads) ids.push(await peer.add(payload));
    return ids;
  },
  async concurrent(peer: Peer, payloads: Payloads): Promise<string[]> {
    const ids: string[] = [];
    for (const part of parts(payloads, callsAtOnce))
      ids.push(...(await Promise.all(part.map((payload) => peer.add(payload)))));
    return ids;
  },
  async bulk(peer: Peer, payloads: Payloads): Promise<string[]> {
    const ids: string[] = [];
    for (const part of parts(payloads, bulkSize)) ids.push(...(await peer.addMany(part)));
    return ids;
  },
};

/**
 * The clock runs from the first job's run to the last one's: neither adding nor connecting is in it, nor what the peer has put
 * off while it added.
 */
async function processJobs(peer: Peer, jobs: number, workMs: number): Promise<Timing> {
  const payloads = Array.from({ length: jobs }, (_, index) => makePayload(index));
  const added = await adders.bulk(peer, payloads);
  await peer.settle();
  const runs = new Map<string, number>();
  let clock: ReturnType<typeof startClock> | undefined;
  const done = Promise.withResolvers<Elapsed>();
  const stop = await peer.openWorkers((id) => {
    clock ??= startClock();
    for (const until = performance.now() + workMs; performance.now() < until; );
    runs.set(id, (runs.get(id) ?? 0) + 1);
    if (runs.size === jobs) done.resolve(clock());
  });
  const timing = await done.promise;
  await allCompleted(peer, jobs);
  await stop();
  const once = added.filter((id) => runs.get(id) === 1).length;
  if (once !== jobs || runs.size !== jobs)
    throw new Error(`${jobs} jobs were added, ${runs.size} ran, ${once} of them exactly once.`);
  return { jobs, ...timing };
}

/** The clock runs from the first add to the last job's run. */
async function addAndProcess(peer: Peer, jobs: number): Promise<Timing> {
  let added = 0;
  let ran = 0;
  let goOn = Promise.withResolvers<void>();
  const stop = await peer.openWorkers(() => {
    ran += 1;
    if (ran === jobs || added - ran <= mostAhead) goOn.resolve();
  });
  const clock = startClock();
  while (ran < jobs) {
    goOn = Promise.withResolvers<void>();
    if (added < jobs && added - ran <= mostAhead) {
      const size = Math.min(bulkSize, jobs - added);
      const first = added;
      added += size;
      await peer.addMany(Array.from({ length: size }, (_, index) => makePayload(first + index)));
    } else await goOn.promise;
  }
  const timing = clock();
  await allCompleted(peer, jobs);
  await stop();
  if (ran !== jobs) throw new Error(`${jobs} jobs were added, and there were ${ran} runs.`);
  return { jobs, ...timing };
}

async function allCompleted(peer: Peer, jobs: number): Promise<void> {
  const deadline = Date.now() + settleMs;
  for (;;) {
    const counts = await peer.counts();
    if (counts.completed === jobs && counts.waiting + counts.active + counts.failed === 0) return;
    if (Date.now() > deadline)
      throw new Error(`${jobs} jobs ran, but the store says ${JSON.stringify(counts)}.`);
    await pause(20);
  }
}

function* parts<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
