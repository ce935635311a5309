import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { contextOf } from './context.ts';

/** A file that is to be saved, never shown as a page of ours. */
export interface SavedFile {
  readonly fileName: string;
  readonly contentType: string;
  /** How long all of it is, where that is known. */
  readonly bytes?: number | undefined;
}

/**
 * Answers with a file, to be saved under its name; without its content with its headers alone. A fault of the store in
 * the middle cuts the answer off, by which its reader sees that it is not whole.
 */
export async function sendFile(
  request: Request,
  response: Response,
  { fileName, contentType, bytes }: SavedFile,
  content: Readable | undefined,
): Promise<void> {
  response.attachment(fileName).set('Content-Type', contentType).set('Cache-Control', 'private, no-store');
  if (bytes !== undefined) response.set('Content-Length', String(bytes));
  if (content === undefined) {
    response.end();
    return;
  }
  try {
    await pipeline(content, response);
  } catch (error) {
    // Readers that go away in the middle are no fault of ours.
    if (!request.destroyed && !response.destroyed) throw error;
    contextOf(request).log.debug({ err: error, fileName }, 'A download was not finished');
  }
}
