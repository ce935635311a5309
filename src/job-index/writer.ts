import { performance } from 'node:perf_hooks';
import { setTimeout as passing } from 'node:timers/promises';
import type { JobIndex, JobSight } from '../integrations/database/port.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Events } from '../observability/events.ts';
import { type Load, measureLoad } from './load.ts';
import type { JobRecorder } from './recorder.ts';

export interface WriterOptions {
  readonly recorder: JobRecorder;
  readonly index: Pick<JobIndex, 'record' | 'stash' | 'stashAges' | 'unstash'>;
  readonly events: Events;
  onError(error: unknown): void;
  /** How often it looks whether there is something to write, in ms; a second when absent. */
  readonly intervalMs?: number;
  /** Opens a measure of how busy this process is. */
  readonly openLoad?: () => Load;
}

const defaultIntervalMs = 1_000;
const batch = 500;
/** A process that is at work for this share of its time, or sees so many jobs, has jobs that wait for it. */
const busyLoad = 0.5;
const busyJobs = 2_000;
/** In busy times more becomes of one job until it is put down: what waits for so long, or takes so much room, is. */
const longestWaitMs = 3_000;
const mostWaiting = 4_000;
/** Of the time that a batch takes, so many times as much is left to the jobs before the next. */
const quietPause = 1;
const busyPause = 19;
/** Other processes have jobs that wait for them while any of them has put something down so lately. */
const lateMs = 5_000;
/** In busy times nothing is filed before it lies for so long; then the faster the longer it lies, and after the last as in quiet times. */
const deferredMs = 60_000;
const patienceMs = 10 * 60_000;
/** A database that is away for long would fill the log. */
const tellEveryMs = 60_000;

/**
 * Writes what the recorder has gathered, in batches beside the jobs: a job never waits for its row. To bring a row into all
 * its indexes costs the database about as much as a job that does nothing; so in busy times batches are only put down, and
 * filed at a slow pace, or when there is time. What could not be written is tried again; on `stop` what is left is written
 * once more.
 */
export function createIndexWriter(options: WriterOptions): Service & { flush(): Promise<void> } {
  const { recorder, index, events, onError, openLoad = measureLoad } = options;
  const intervalMs = options.intervalMs ?? defaultIntervalMs;
  const writingLoad = openLoad();
  const filingLoad = openLoad();
  let told = Number.NEGATIVE_INFINITY;
  let dropped = 0;
  let emptiedAt = performance.now();
  let ending = new AbortController();

  const tellDropped = (): void => {
    const rows = recorder.dropped - dropped;
    if (rows > 0) events.emit('job_index.rows', { outcome: 'dropped', rows });
    dropped += rows;
  };
  const tellRefused = (refused: readonly JobSight[]): void => {
    events.emit('job_index.rows', { outcome: 'dropped', rows: refused.length });
    const jobs = refused.map(({ queue, jobId }) => `${queue}/${jobId}`).join(', ');
    onError(new Error(`The database refuses what the job index would keep of ${jobs.slice(0, 1_000)}.`));
  };
  /** Takes one batch out, and gives it back when it cannot be written. */
  const write = async (how: 'record' | 'stash'): Promise<void> => {
    const sights = recorder.drain(batch);
    const refused = await index[how](sights).catch((error: unknown) => {
      recorder.restore(sights);
      throw error;
    });
    const rows = sights.length - refused.length;
    if (rows > 0) events.emit('job_index.rows', { outcome: how === 'record' ? 'written' : 'stashed', rows });
    if (refused.length > 0) tellRefused(refused);
  };
  const writeOn = async (): Promise<void> => {
    tellDropped();
    for (let left = recorder.size; left > 0 || recorder.size >= mostWaiting; left -= batch) {
      const began = performance.now();
      const busy = writingLoad() > busyLoad || recorder.size > busyJobs;
      if (busy && recorder.size < mostWaiting && began - emptiedAt < longestWaitMs) return;
      await write(busy ? 'stash' : 'record');
      if (!busy && left > batch) await pause(quietPause, began, ending.signal);
    }
    emptiedAt = performance.now();
  };
  const file = async (): Promise<{ readonly sights: number; readonly waitedMs: number }> => {
    const filed = await index.unstash();
    if (filed.sights > 0) events.emit('job_index.rows', { outcome: 'written', rows: filed.sights });
    return filed;
  };
  const fileOn = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const ages = await index.stashAges();
      if (ages === undefined) return;
      const busy = filingLoad() > busyLoad || ages.latestMs < lateMs;
      if (busy && ages.oldestMs < deferredMs) return;
      const began = performance.now();
      const { sights, waitedMs } = await file();
      if (sights === 0) return;
      const share = busy ? busyPause * (1 - waitedMs / patienceMs) : quietPause;
      await pause(Math.max(quietPause, share), began, ending.signal);
    }
  };

  let writing: Promise<void> | undefined;
  const round = (): Promise<void> => {
    writing ??= writeOn().finally(() => {
      writing = undefined;
    });
    return writing;
  };
  const tell = (error: unknown): void => {
    if (performance.now() - told < tellEveryMs) return;
    told = performance.now();
    onError(error);
  };
  const writer = createLoop({ name: 'job index', intervalMs, runOnce: round, onError: tell });
  const filer = createLoop({ name: 'job stash', intervalMs, runOnce: fileOn, onError: tell });
  return {
    name: 'job index',
    async start() {
      ending = new AbortController();
      recorder.whenMany(mostWaiting, () => void round().catch(tell));
      await Promise.all([writer.start(), filer.start()]);
    },
    async stop() {
      recorder.whenMany(Number.POSITIVE_INFINITY, () => undefined);
      ending.abort();
      await Promise.all([writer.stop(), filer.stop(), writing?.catch(() => undefined)]);
      tellDropped();
      try {
        while (recorder.size > 0) await write(recorder.size > busyJobs ? 'stash' : 'record');
      } catch (error) {
        tell(error);
      }
    },
    /** Writes all that is known now, and files all that was put down. */
    async flush() {
      tellDropped();
      await writing?.catch(() => undefined);
      while (recorder.size > 0) await write('record');
      while ((await file()).sights > 0);
    },
  };
}

/** Waits `share` times as long as what began then has taken, or until the signal. */
async function pause(share: number, began: number, signal: AbortSignal): Promise<void> {
  await passing(share * (performance.now() - began), undefined, { signal, ref: false }).catch(
    () => undefined,
  );
}
