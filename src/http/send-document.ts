import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import type { DocumentRow } from '../integrations/database/port.ts';
import { contextOf } from './context.ts';

/** Answers with a document's file, to be saved under its name; without a file with its headers alone. */
export async function sendDocument(
  request: Request,
  response: Response,
  { fileName, contentType, bytes }: DocumentRow,
  file: Readable | undefined,
): Promise<void> {
  response
    .attachment(fileName)
    .set('Content-Type', contentType)
    .set('Content-Length', String(bytes))
    .set('Cache-Control', 'private, no-store');
  if (file === undefined) {
    response.end();
    return;
  }
  try {
    await pipeline(file, response);
  } catch (error) {
    // Readers that go away in the middle are no fault of ours.
    if (!request.destroyed && !response.destroyed) throw error;
    contextOf(request).log.debug({ err: error }, 'A download was not finished');
  }
}
