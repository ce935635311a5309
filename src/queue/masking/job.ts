import { z } from 'zod';
import type { JobDefinition } from '../../../queues/index.ts';
import type { Fault } from '../../errors/catalogue.ts';
import { findDefinition } from '../definitions.ts';
import { readEnvelope } from '../envelope.ts';
import type { JobView } from '../job-view.ts';
import { maskBySchema } from './by-schema.ts';
import { createTextMask, type MaskText, maskTexts } from './in-text.ts';

/** What is known of a job when it is to be shown: its payload, or all that is stored as its data. */
interface Masked {
  readonly queue: string;
  readonly name: string;
  readonly payload: unknown;
  readonly result?: unknown;
}

/** A job's values and texts as viewers and operators see them. */
export interface JobMask {
  readonly payload: unknown;
  readonly result: unknown;
  /** For all that may quote the two: failures, stacks, logs, progress. */
  readonly text: MaskText;
}

/** Of a job that nobody knows, nothing is shown. */
const unknown = z.never();

/** Makes the mask of a job. Each caller of a page or an answer that shows jobs goes through here or `maskJob`. */
export function jobMask({ queue, name, payload, result }: Masked): JobMask {
  const definition = findDefinition(queue, name);
  const input = maskBySchema(definition?.payload ?? unknown, payloadOf(payload));
  const output = maskBySchema(definition?.result ?? unknown, result);
  const text = createTextMask([...input.hidden, ...output.hidden]);
  // A result may quote the payload, and a title may hold the name that stands beside it.
  return { payload: maskTexts(input.shown, text), result: maskTexts(output.shown, text), text };
}

/** A mask for the texts of a job that runs. @param stored its data as it is in the queue. */
export function textMaskOf(definition: JobDefinition | undefined, stored: unknown): MaskText {
  return createTextMask(maskBySchema(definition?.payload ?? unknown, payloadOf(stored)).hidden);
}

/** A job as viewers and operators see it. */
export function maskJob(job: JobView): JobView {
  const { payload, result, text } = jobMask(job);
  const { progress, failure, logs } = job;
  return {
    ...job,
    payload,
    result,
    progress: progress.message === undefined ? progress : { ...progress, message: text(progress.message) },
    failure: failure === undefined ? undefined : text(failure),
    logs: logs.map(text),
  };
}

/** The faults of a payload without the values that their texts may quote. */
export function maskFaults(faults: readonly Fault[], text: MaskText): Fault[] {
  return faults.map(({ path, message }) => ({ path: text(path), message: text(message) }));
}

/** Beside the payload, what is stored holds notes of ours, which a schema does not know. */
function payloadOf(stored: unknown): unknown {
  const envelope = readEnvelope(stored);
  return envelope === undefined ? stored : { type: envelope.type, data: envelope.data };
}
