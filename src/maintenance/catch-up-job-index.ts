import type { JobQueue } from '../backend/port.ts';
import type { ClaimedJobs, JobIndex } from '../integrations/database/port.ts';
import { type Load, measureLoad } from '../job-index/load.ts';
import { busyLoad, deferredMs, lateMs, pause, pauseAfter } from '../job-index/pace.ts';
import type { MaskPayload } from '../job-index/recorder.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Events } from '../observability/events.ts';
import { createComparison, lastMove, lists } from './compare-with-job-index.ts';
import { jobsSince } from './pages-of-jobs.ts';

export interface JobIndexCatchUpOptions {
  readonly queues: readonly string[];
  queueOf(name: string): JobQueue;
  readonly index: JobIndex;
  readonly mask: MaskPayload;
  readonly events: Events;
  onError(error: unknown): void;
  /** How often it looks whether there is something to read, in ms; a second when absent. */
  readonly intervalMs?: number;
  readonly load?: Load;
}

const defaultIntervalMs = 1_000;
/** Whoever reads holds a queue for so long at a time; when it dies, the next one waits for the rest of it. */
const holdMs = 60_000;
/** Sights are told a moment before their queue knows of them, and left for a second or so before that is written down. */
const slackMs = 15_000;

/**
 * Reads from their queues the jobs of which processes had no time to note anything, when there is time: when no process is
 * busy, or slowly when they have waited for long. One process reads a queue, and all are told as read when it has seen
 * whatever was there when it began.
 */
export function createJobIndexCatchUp(
  options: JobIndexCatchUpOptions,
): Service & { readAll(): Promise<number> } {
  const { queues, queueOf, index, mask, events, onError, load = measureLoad() } = options;
  const compare = createComparison({ index, mask });
  let ending = new AbortController();

  const read = async (claimed: ClaimedJobs, unhurried: boolean): Promise<number> => {
    const { queue, sorted, sinceMs, latest } = claimed;
    const began = performance.now();
    const since = Date.now() - sinceMs - slackMs;
    let { busy } = claimed;
    let rows = 0;
    let whole = true;
    for (const list of queues.includes(queue) ? lists : []) {
      if (!sorted && (list === 'delayed' || list === 'prioritized')) continue;
      const pages = jobsSince(queueOf(queue), list, since);
      for (;;) {
        const turn = performance.now();
        const page = await pages.next();
        if (page.done === true) {
          whole &&= page.value;
          break;
        }
        if (page.value.length === 0) continue;
        const seenAt = (job: Parameters<typeof lastMove>[0]) => new Date(lastMove(job));
        const written = await compare({ queue, list, jobs: page.value, seenAt });
        if (written > 0) events.emit('job_index.rows', { outcome: 'written', rows: written });
        rows += written;
        busy = await index.holdLeft(queue, holdMs, lateMs);
        if (unhurried)
          await pause(pauseAfter(busy, sinceMs + performance.now() - began), turn, ending.signal);
        if (ending.signal.aborted) {
          await index.releaseLeft(queue, undefined);
          return rows;
        }
      }
    }
    await index.releaseLeft(queue, whole ? latest : undefined);
    return rows;
  };

  const runOnce = async (): Promise<void> => {
    const busy = load() > busyLoad;
    const claimed = await index.claimLeft({ busy, lateMs, deferredMs, holdMs });
    if (claimed !== undefined) await read(claimed, true);
  };
  const loop = createLoop({
    name: 'jobs left to their queues',
    intervalMs: options.intervalMs ?? defaultIntervalMs,
    runOnce,
    onError,
  });
  return {
    name: loop.name,
    async start() {
      ending = new AbortController();
      await loop.start();
    },
    async stop() {
      ending.abort();
      await loop.stop();
    },
    /** Reads all that was left, at once. @returns how many rows were written. */
    async readAll() {
      let rows = 0;
      for (;;) {
        const claimed = await index.claimLeft({ busy: false, lateMs: 0, deferredMs: 0, holdMs });
        if (claimed === undefined) return rows;
        rows += await read(claimed, false);
      }
    },
  };
}
