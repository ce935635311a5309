import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import { type Fault, listFaults, MillraceError } from '../errors/catalogue.ts';

/** What a form has beside its file. */
export interface UploadForm<T> {
  /** What `keep` gave. */
  readonly kept: T;
  readonly fileName: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
}

export interface UploadTerms<T> {
  /** The fields that the form may have beside `file`. */
  readonly fields: readonly string[];
  readonly maxBytes: number;
  /** Takes the file as it comes; must keep all of it or nothing, and nothing once the signal is aborted. */
  keep(file: Readable, signal: AbortSignal): Promise<T>;
}

/** A field is a name or a number, no text. */
const maxFieldBytes = 1_000;
const maxFields = 20;
/** What boundaries, headers and fields add to a file. */
const formBytes = 64 * 1024;
/** A client that goes on sending after its answer is listened to for so long, that it may read it; then it is cut off. */
const maxDiscardedBytes = 200 * 2 ** 20;

/**
 * Reads a `multipart/form-data` request (RFC 7578) with one file, `file`, which goes to `keep` as it comes. When this
 * rejects, `keep` has ended too; the rest of the request is let pass, so that the client can read its answer.
 * @throws MillraceError UNSUPPORTED_MEDIA when it is no form, TOO_LARGE, INVALID_REQUEST with the path of each fault;
 * ABORTED when the client went away; whatever `keep` throws.
 */
export async function readUploadForm<T>(
  request: IncomingMessage,
  { fields: known, maxBytes, keep }: UploadTerms<T>,
): Promise<UploadForm<T>> {
  const contentType = request.headers['content-type'];
  if (contentType === undefined || !/^multipart\/form-data\s*;/i.test(contentType)) {
    throw refuse(
      request,
      new MillraceError('UNSUPPORTED_MEDIA', 'Send a form, multipart/form-data, with the file as `file`.'),
    );
  }
  if (Number(request.headers['content-length']) > maxBytes + formBytes)
    throw refuse(request, tooLarge(maxBytes));

  const ending = new AbortController();
  const faults: Fault[] = [];
  const fields: Record<string, string> = {};
  let fileName: string | undefined;
  let keeping: Promise<T> | undefined;
  const { promise: read, resolve, reject } = Promise.withResolvers<void>();
  const form = openForm(request, contentType, maxBytes);
  form.on('file', (name, file, givenName) => {
    if (name !== 'file' || keeping !== undefined) {
      faults.push({ path: name, message: name === 'file' ? 'must be one file' : 'is no field of this form' });
      file.resume();
      return;
    }
    fileName = givenName === '' ? undefined : givenName;
    file.once('limit', () => reject(tooLarge(maxBytes)));
    // Whoever waits for more of the file would wait for ever.
    ending.signal.addEventListener('abort', () => file.destroy(), { once: true });
    file.on('error', () => undefined);
    keeping = keep(file, ending.signal);
    // What stopped it is told to whoever waits for the form.
    keeping.catch(reject);
  });
  form.on('field', (name, value, nameCut, valueCut) => {
    if (name === 'file') faults.push({ path: name, message: 'must be a file, with a file name' });
    else if (nameCut || !known.includes(name))
      faults.push({ path: name, message: 'is no field of this form' });
    else if (valueCut) faults.push({ path: name, message: `must be at most ${maxFieldBytes} bytes` });
    else fields[name] = value;
  });
  form.on('error', () => reject(malformed()));
  form.on('finish', resolve);
  const gone = () =>
    reject(new MillraceError('ABORTED', 'The client went away before the upload had ended.'));
  request.once('aborted', gone);
  request.pipe(form);
  try {
    await read;
    if (keeping === undefined)
      faults.push({ path: 'file', message: 'is missing: send the file under this name' });
    if (faults.length > 0 || keeping === undefined) throw invalid(faults);
    return { kept: await keeping, fileName, fields };
  } catch (error) {
    ending.abort(error);
    await keeping?.catch(() => undefined);
    throw refuse(request, error);
  } finally {
    request.off('aborted', gone);
    request.unpipe(form);
    form.on('error', () => undefined);
    form.destroy();
  }
}

function openForm(request: IncomingMessage, contentType: string, maxBytes: number) {
  try {
    return new Busboy({
      headers: { ...request.headers, 'content-type': contentType },
      limits: {
        fileSize: maxBytes,
        files: 5,
        fields: maxFields,
        fieldSize: maxFieldBytes,
        parts: maxFields + 5,
      },
    });
  } catch {
    throw refuse(request, malformed());
  }
}

/** Lets the rest of the request pass: a connection that is closed on a client that sends loses it its answer. */
function refuse<E>(request: IncomingMessage, error: E): E {
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > maxDiscardedBytes) request.destroy();
  });
  return error;
}

function invalid(faults: readonly Fault[]): MillraceError {
  return new MillraceError('INVALID_REQUEST', `The form is invalid. ${listFaults(faults)}`, {
    details: faults,
  });
}

function malformed(): MillraceError {
  return new MillraceError('INVALID_REQUEST', 'The form is malformed or cut short.');
}

function tooLarge(maxBytes: number): MillraceError {
  return new MillraceError('TOO_LARGE', `The file is above ${maxBytes / 2 ** 20} MB.`);
}
