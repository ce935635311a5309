import { performance } from 'node:perf_hooks';
import type { JobIndex, JobSight } from '../integrations/database/port.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Events } from '../observability/events.ts';
import type { JobRecorder } from './recorder.ts';

export interface WriterOptions {
  readonly recorder: JobRecorder;
  readonly index: Pick<JobIndex, 'record'>;
  readonly events: Events;
  onError(error: unknown): void;
  /** How often it writes, in ms, unless the process is busy; a second when absent. */
  readonly intervalMs?: number;
}

const defaultIntervalMs = 1_000;
const batch = 500;
/** Of the time that writing takes, this much is left to the jobs before the next batch, while there is no press. */
const pauseShare = 1;
const pressing = 5_000;
/** While this process has hardly a moment to itself, rows wait for a better one, but no longer than this. */
const busyShare = 0.8;
const longestWaitMs = 5_000;
/** A database that is away for long would fill the log. */
const tellEveryMs = 60_000;

/**
 * Writes what the recorder has gathered, in batches beside the jobs: a job never waits for its row. What could not be
 * written is tried again; on `stop` what is left is written once more.
 */
export function createIndexWriter(options: WriterOptions): Service & { flush(): Promise<void> } {
  const { recorder, index, events, onError } = options;
  let told = Number.NEGATIVE_INFINITY;
  let dropped = 0;

  const write = async (sights: readonly JobSight[]): Promise<void> => {
    try {
      await index.record(sights);
    } catch (error) {
      recorder.restore(sights);
      throw error;
    }
    events.emit('job_index.rows', { outcome: 'written', rows: sights.length });
  };
  const tellDropped = (): void => {
    const rows = recorder.dropped - dropped;
    if (rows > 0) events.emit('job_index.rows', { outcome: 'dropped', rows });
    dropped += rows;
  };
  const flush = async (): Promise<void> => {
    tellDropped();
    while (recorder.size > 0) {
      const began = performance.now();
      await write(recorder.drain(batch));
      if (recorder.size === 0 || recorder.size > pressing) continue;
      await new Promise((resolve) => setTimeout(resolve, pauseShare * (performance.now() - began)));
    }
  };
  let utilization = performance.eventLoopUtilization();
  let flushedAt = performance.now();
  const round = async (): Promise<void> => {
    const before = utilization;
    utilization = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(utilization, before).utilization > busyShare;
    if (busy && recorder.size < pressing && performance.now() - flushedAt < longestWaitMs) return;
    await flush();
    flushedAt = performance.now();
  };
  const tell = (error: unknown): void => {
    if (performance.now() - told < tellEveryMs) return;
    told = performance.now();
    onError(error);
  };

  const loop = createLoop({
    name: 'job index',
    intervalMs: options.intervalMs ?? defaultIntervalMs,
    runOnce: round,
    onError: tell,
  });
  return {
    name: 'job index',
    start: () => loop.start(),
    async stop() {
      await loop.stop();
      await flush().catch(tell);
    },
    flush,
  };
}
