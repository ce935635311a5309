import { randomUUID } from 'node:crypto';
import type { Result } from '../../queues/index.ts';
import { classify } from '../../src/errors/classify.ts';
import type { JobContext } from '../../src/worker/context.ts';
import { defineProcessor, type Services } from '../define.ts';
import { conversionFault, failureOf } from './conversion/failures.ts';
import { keepLease } from './conversion/keep-lease.ts';
import { resultKeyOf, uploadKeyOf } from './conversion/naming.ts';

type Needs = 'database' | 'storage' | 'converter' | 'conversionLease' | 'events';
type Context = JobContext<'document', 'convert-pdf', Pick<Services, Needs>>;
type Outcome = Result<'document', 'convert-pdf'>;

/**
 * Converts an uploaded PDF. The row is taken for this run alone, its lease is renewed while the run lasts, and its outcome
 * is written only if the row is still this run's: a worker that was thought dead and is not changes nothing any more. The
 * result appears under its name whole or not at all, and a run that is repeated writes the same name.
 */
export const convertPdf = defineProcessor(
  'document',
  'convert-pdf',
  ['database', 'storage', 'converter', 'conversionLease', 'events'],
  async (context: Context): Promise<Outcome> => {
    const { data, job, services } = context;
    const { conversions } = services.database;
    const run = { id: data.conversionId, token: randomUUID() };
    const row = await conversions.begin({
      ...run,
      jobKey: job.key,
      attempt: job.attempt,
      ...services.conversionLease,
      // A claim's job has the claim's key; any other was added by somebody.
      byHand: !job.key.startsWith(`conversion.${run.id}.`),
    });
    if (row === undefined) return settledElsewhere(context);

    const lease = keepLease(conversions, run, services.conversionLease.seconds, context.signal);
    try {
      const done = await convert(context, row, lease.signal);
      if (await conversions.finish(run, done)) {
        services.events.emit('document.generated', {
          kind: 'conversion',
          format: 'xml',
          renderer: done.converter,
          bytes: done.bytes,
        });
        context.progress(100, 'Done');
        return {
          status: 'complete',
          conversionId: run.id,
          resultPath: done.resultPath,
          bytes: done.bytes,
          ...(done.lineItems === undefined ? {} : { lineItems: done.lineItems }),
        };
      }
    } catch (error) {
      if (!lease.lost()) throw await leaveRun(context, run, conversionFault(error));
    } finally {
      lease.end();
    }
    return settledElsewhere(context);
  },
);

async function convert(
  { services, progress, log }: Context,
  row: { readonly id: string; readonly uploadPath: string; readonly mapping: string } & Uploaded,
  signal: AbortSignal,
) {
  const { converter, storage } = services;
  progress(5, 'Reading');
  const resultPath = resultKeyOf(row.id);
  const source = {
    fileName: 'document.pdf',
    bytes: row.uploadBytes,
    open: () => storage.get(uploadKeyOf(row.uploadPath)),
  };
  const { kept, lineItems } = await converter.convert(
    source,
    row.mapping,
    (xml) => {
      progress(50, 'Keeping');
      return storage.put(resultPath, xml, signal);
    },
    signal,
  );
  if (lineItems === 0) log.warn({ mapping: row.mapping }, 'No line items were found: does the mapping fit?');
  return { resultPath, bytes: kept.bytes, lineItems, converter: converter.name };
}

interface Uploaded {
  readonly uploadBytes: number | undefined;
}

/**
 * Writes into the row what a failed attempt leads to, and gives the error to throw. If the database does not take it, the
 * row's lease runs out, and that settles it.
 */
async function leaveRun(
  { job, signal, services, log }: Context,
  run: { readonly id: string; readonly token: string },
  error: unknown,
): Promise<unknown> {
  const { conversions } = services.database;
  const stopped = signal.aborted ? classify(signal.reason) : undefined;
  const failure = stopped ?? classify(error);
  // Waiting and going back to the queue are no attempts, as for the queue.
  const handedBack = stopped?.code === 'JOB_ABORTED' || failure.retryAfterMs !== undefined;
  const final = !handedBack && (!failure.retryable || job.attempt >= job.maxAttempts);
  try {
    if (final) await conversions.fail(run, failureOf(failure, job.id));
    else await conversions.leave(run, !handedBack);
  } catch (fault) {
    log.warn({ err: fault }, 'The conversion’s row could not be written; its lease will run out.');
  }
  return error;
}

/** The row has ended, or is another job's: this one has nothing more to do. */
async function settledElsewhere({ data, services, log }: Context): Promise<Outcome> {
  const { conversionId } = data;
  const row = await services.database.conversions.find(conversionId);
  if (row === undefined) throw conversionFault(undefined, conversionId);
  const { resultPath, resultBytes: bytes, lineItems } = row;
  if (row.status === 'complete' && resultPath !== undefined && bytes !== undefined) {
    return {
      status: 'complete',
      conversionId,
      resultPath,
      bytes,
      ...(lineItems === undefined ? {} : { lineItems }),
    };
  }
  log.info({ conversionId, status: row.status, jobKey: row.jobKey }, 'The conversion is another job’s.');
  return { status: 'superseded', conversionId };
}
