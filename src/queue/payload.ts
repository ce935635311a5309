import type { JobDefinition } from '../../queues/index.ts';
import { InvalidPayloadError, MillraceError } from '../errors/catalogue.ts';
import { faultsOf } from '../errors/faults.ts';
import { unstorableTexts } from './storable.ts';

/** Payloads above this belong into the database or the storage, with their id in the job. */
const maxPayloadBytes = 256 * 1024;

/** A payload that its schema has accepted. */
export interface Payload {
  readonly type: string;
  readonly data: unknown;
}

/**
 * Checks a payload and fills in its defaults. `bytes` is its size as JSON in UTF-8.
 * @throws InvalidPayloadError naming the path of each wrong field; MillraceError TOO_LARGE.
 */
export function parsePayload(
  queue: string,
  name: string,
  definition: JobDefinition,
  payload: unknown,
): { readonly payload: Payload; readonly bytes: number } {
  const parsed = definition.payload.safeParse(payload);
  if (!parsed.success) throw new InvalidPayloadError(queue, name, faultsOf(parsed.error.issues));
  const envelope = parsed.data;
  if (
    typeof envelope !== 'object' ||
    envelope === null ||
    !('type' in envelope) ||
    !('data' in envelope) ||
    typeof envelope.type !== 'string'
  ) {
    throw new Error(`The schema of ${queue}/${name} is no envelope; declare it with envelope().`);
  }
  const json = JSON.stringify(envelope);
  const unstorable = unstorableTexts(envelope, json);
  if (unstorable.length > 0) throw new InvalidPayloadError(queue, name, unstorable);
  const bytes = Buffer.byteLength(json);
  if (bytes > maxPayloadBytes) {
    throw new MillraceError(
      'TOO_LARGE',
      `The payload of ${queue}/${name} has ${bytes} bytes; ${maxPayloadBytes} are allowed. Store the data and send its id.`,
    );
  }
  return { payload: { type: envelope.type, data: envelope.data }, bytes };
}
