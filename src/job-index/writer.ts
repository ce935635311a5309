import { performance } from 'node:perf_hooks';
import type { JobIndex, JobSight } from '../integrations/database/port.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Events } from '../observability/events.ts';
import { type Load, measureLoad } from './load.ts';
import { busyLoad, deferredMs, lateMs, pause, pauseAfter, quietPause } from './pace.ts';
import type { JobRecorder } from './recorder.ts';

export interface WriterOptions {
  readonly recorder: JobRecorder;
  readonly index: Pick<JobIndex, 'record' | 'stash' | 'stashAges' | 'unstash' | 'leave'>;
  readonly events: Events;
  onError(error: unknown): void;
  /** How often it looks whether there is something to write, in ms; a second when absent. */
  readonly intervalMs?: number;
  /** Opens a measure of how busy this process is. */
  readonly openLoad?: () => Load;
}

const defaultIntervalMs = 1_000;
const batch = 500;
/** A process that sees so many jobs has jobs that wait for it, as one that is at work all the time. */
const busyJobs = 2_000;
/** In busy times more becomes of one job until it is put down: what waits for so long, or takes so much room, is. */
const longestWaitMs = 3_000;
const mostWaiting = 4_000;
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
  /** Writes down of which queues jobs were left to be read there. */
  const leave = async (): Promise<void> => {
    const left = recorder.takeLeft();
    if (left.length === 0) return;
    await index.leave(left).catch((error: unknown) => {
      recorder.restoreLeft(left);
      throw error;
    });
    events.emit('job_index.rows', { outcome: 'left', rows: left.reduce((sum, { jobs }) => sum + jobs, 0) });
  };
  const writeOn = async (): Promise<void> => {
    tellDropped();
    await leave();
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
      await pause(pauseAfter(busy, waitedMs), began, ending.signal);
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
      // All that is left in this moment is told at once.
      recorder.whenLeft(() => setImmediate(() => void leave().catch(tell)));
      await Promise.all([writer.start(), filer.start()]);
    },
    async stop() {
      recorder.whenMany(Number.POSITIVE_INFINITY, () => undefined);
      recorder.whenLeft(() => undefined);
      ending.abort();
      await Promise.all([writer.stop(), filer.stop(), writing?.catch(() => undefined)]);
      tellDropped();
      try {
        await leave();
        while (recorder.size > 0) await write(recorder.size > busyJobs ? 'stash' : 'record');
      } catch (error) {
        tell(error);
      }
    },
    /** Writes all that is known now, and files all that was put down. */
    async flush() {
      tellDropped();
      await writing?.catch(() => undefined);
      await leave();
      while (recorder.size > 0) await write('record');
      while ((await file()).sights > 0);
    },
  };
}
