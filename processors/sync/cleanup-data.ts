import type { CleanupClass } from '../../src/integrations/database/port.ts';
import type { JobContext } from '../../src/worker/context.ts';
import { defineProcessor, type Services } from '../define.ts';
import { cleanupClasses, cutoffOf } from './cleanup-ages.ts';

type Context = JobContext<'sync', 'cleanup-data', Pick<Services, 'database' | 'storage'>>;

/** Classes whose rows name files. */
const withFiles: ReadonlySet<CleanupClass> = new Set(['documents', 'cerReports', 'conversions']);

/** Longer than storage takes for one file; the claim of a worker that died ends then. */
const claimSeconds = 300;

export interface CleanupOptions {
  /** Rows that one transaction removes. */
  readonly batchSize?: number;
  readonly now?: () => Date;
}

/**
 * Removes what is past its time, batch by batch. The row of a document, report or conversion goes first and leaves a mark for its file in
 * the same transaction, then the file, then the mark: killed anywhere in between, the next run goes on, and no row is ever left
 * that names a missing file. What was removed is counted with each batch, so that the result counts earlier attempts too.
 */
export function defineCleanupData(options: CleanupOptions = {}) {
  const { batchSize = 500, now = () => new Date() } = options;
  return defineProcessor('sync', 'cleanup-data', ['database', 'storage'], async (context: Context) => {
    const { data, services } = context;
    const { cleanup } = services.database;
    const cutoffs = cleanupClasses.map((what) => ({
      what,
      before: cutoffOf(what, data.olderThanDays, now()),
    }));
    const due = new Map<CleanupClass | 'files', number>();
    for (const { what, before } of cutoffs) {
      const { rows, files } = await cleanup.due(what, before);
      due.set(what, rows);
      due.set('files', (due.get('files') ?? 0) + files);
    }
    if (data.dryRun) {
      context.progress(100, 'Nothing was removed: this was a dry run.');
      return { dryRun: true, removed: Object.fromEntries(due) };
    }

    const progress = progressOf(
      context,
      [...due.values()].reduce((sum, count) => sum + count, 0),
    );
    let firstFault: unknown;
    for (const { what, before } of cutoffs) {
      for (;;) {
        context.signal.throwIfAborted();
        const removed = await cleanup.removeBatch(what, before, batchSize, context.job.key);
        progress(what, removed);
        // Also after the last batch: marks of an earlier run that died may be left.
        if (withFiles.has(what)) {
          const fault = await removeFiles(context, progress);
          firstFault ??= fault;
        }
        if (removed === 0) break;
      }
    }
    // One file that cannot be removed keeps none of the rest; once its claim has ended a cleanup tries it again.
    if (firstFault !== undefined) throw firstFault;
    const counts = await cleanup.counts(context.job.key);
    const none = Object.fromEntries([...due.keys()].map((what) => [what, 0]));
    return { dryRun: false, removed: { ...none, ...counts } };
  });
}

export const cleanupData = defineCleanupData();

/** Removes the files that no row names any more. Gives the first fault, if there was one. */
async function removeFiles(
  context: Context,
  progress: (what: string, removed: number) => void,
): Promise<unknown> {
  const { services, signal, job, log } = context;
  let fault: unknown;
  for (;;) {
    signal.throwIfAborted();
    const key = await services.database.cleanup.claimRemoval(claimSeconds);
    if (key === undefined) return fault;
    try {
      await services.storage.remove(key);
    } catch (error) {
      log.warn({ key, err: error }, 'A file could not be removed; it will be tried again.');
      fault ??= error;
      continue;
    }
    await services.database.cleanup.finishRemoval(key, job.key);
    progress('files', 1);
  }
}

function progressOf(context: Context, all: number): (what: string, removed: number) => void {
  let done = 0;
  return (what, removed) => {
    done += removed;
    const percent = all === 0 ? 99 : Math.min(99, Math.floor((100 * done) / all));
    context.progress(percent, `${done} of ${all} removed, now ${what}`);
  };
}
