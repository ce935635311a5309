import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { MillraceError } from '../../errors/catalogue.ts';
import type { PdfSource } from './port.ts';

/** The body of a request, as `multipart/form-data` (RFC 7578). */
export interface Multipart {
  readonly contentType: string;
  /** Absent when the file's length is unknown: the request is then sent in chunks. */
  readonly contentLength: number | undefined;
  readonly body: Readable;
}

/**
 * The form that the gateway takes: `file`, streamed, and plain fields.
 * @throws MillraceError IO_ERROR, from the call or the stream, when the file cannot be read or is not as long as it should be.
 */
export async function multipartOf(
  pdf: PdfSource,
  fields: Readonly<Record<string, string>>,
): Promise<Multipart> {
  const boundary = `millrace-${randomBytes(16).toString('hex')}`;
  const part = (disposition: string) => `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
  const head = Buffer.from(
    Object.entries(fields)
      .map(([name, value]) => `${part(`name="${name}"`)}\r\n${value}\r\n`)
      .join('') +
      `${part(`name="file"; filename="${escaped(pdf.fileName)}"`)}Content-Type: application/pdf\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const file = await pdf.open();
  // What the file fails with is heard by whoever reads it; unheard, it would end the process.
  file.on('error', () => undefined);
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield head;
    let bytes = 0;
    try {
      for await (const chunk of file) {
        if (!(chunk instanceof Uint8Array)) throw new TypeError('A file is made of bytes.');
        bytes += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      throw unreadable('could not be read to its end', cause);
    }
    if (pdf.bytes !== undefined && pdf.bytes !== bytes)
      throw unreadable(`has ${bytes} bytes where ${pdf.bytes} were uploaded`);
    yield tail;
  }
  const body = Readable.from(parts(), { objectMode: false });
  body.once('close', () => file.destroy());
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: pdf.bytes === undefined ? undefined : head.length + pdf.bytes + tail.length,
    body,
  };
}

/** As browsers do (HTML, "multipart form data"). */
function escaped(fileName: string): string {
  return fileName.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function unreadable(why: string, cause?: unknown): MillraceError {
  return new MillraceError('IO_ERROR', `The uploaded PDF ${why}.`, { cause });
}
