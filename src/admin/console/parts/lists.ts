import { z } from 'zod';

/** How many rows a page of a list has. */
export const rowsAtOnce = 50;

/** Where a list goes on: the `next` of the page before. */
export const cursor = z.string().max(2_000).optional();
