import { z } from 'zod';

/** A time: a date to us, ISO 8601 in JSON. The document says so (see `openapi/document.ts`). */
export const time = z.date();

/** Ids that come in a path or a body. */
export const jobId = z
  .string()
  .regex(/^[\x21-\x7e]{1,300}$/, 'must be visible ASCII without spaces, at most 300')
  .describe("The job's id");

/** Whatever is called so is looked up among the definitions, which answer with what there is. */
export const queueName = z.string().min(1).max(128).describe("The queue's name");

export const count = z.int().min(0);
