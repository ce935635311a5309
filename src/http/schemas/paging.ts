import { z } from 'zod';

/** Where a list of numbered rows goes on. */
export const rowCursor = z
  .string()
  .regex(/^[1-9]\d{0,17}$/, 'must be the nextCursor of the page before')
  .describe('The `nextCursor` of the page before');

export const pageLimit = z
  .string()
  .regex(/^(?:[1-9]\d{0,2}|1000)$/, 'must be a whole number from 1 to 1000')
  .transform(Number)
  .prefault('100')
  .describe('The most that are listed');

export const nextCursor = z.string().nullable().describe('Where the list goes on; `null` at its end');
