import type { Response } from 'express';
import type { z } from 'zod';
import { MillraceError } from '../errors/catalogue.ts';
import { faultsOf } from '../errors/faults.ts';

/** Answers `{ success: true, data }`; `data` holds the thing under its noun. */
export function sendData(response: Response, data: object, status = 200): void {
  // A request that ran out of time has had its answer.
  if (response.headersSent) return;
  response.status(status).json({ success: true, data });
}

/** Reads a part of a request. @throws MillraceError INVALID_REQUEST naming each wrong field. */
export function parse<T>(schema: z.ZodType<T>, value: unknown, part: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error.issues);
  const list = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw new MillraceError('INVALID_REQUEST', `The ${part} of the request is invalid. ${list}`, {
    details: faults,
  });
}
