import { z } from 'zod';
import { listFaults, MillraceError } from '../errors/catalogue.ts';
import { faultsOf } from '../errors/faults.ts';
import { correlationIdPattern } from './envelope.ts';

/** No control characters and no halves of surrogate pairs: they become parts of the stores' own keys. */
const printable = /^[^\p{Cc}\p{Cs}]*$/u;
const plainText = 'must be text without control characters';
const yearMs = 365 * 24 * 3_600_000;

/** Options of `addJob`, checked at run time too since they come over HTTP as well. */
export const addOptions = z.strictObject({
  delay: z.int().min(0).max(yearMs).optional().describe('ms before the job may be taken'),
  // BullMQ's rule.
  priority: z
    .int()
    .min(1)
    .max(2_097_152)
    .optional()
    .describe('1 goes first; jobs without one go before all that have one'),
  attempts: z.int().min(1).max(100).optional().describe('Tries in all, the first included'),
  idempotencyKey: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII without spaces')
    .optional()
    .describe('The same key again is the same job, for as long as the queue keeps it'),
  correlationId: z
    .string()
    .regex(correlationIdPattern, 'must be letters, digits and . _ -, at most 128')
    .optional(),
  deduplicate: z
    .strictObject({ id: z.string().min(1).max(128).regex(printable, plainText) })
    .optional()
    .describe('At most one job with this id waits and one runs; the latest payload wins'),
  /** A job id chosen by the platform itself, such as `story-enhancement-<id>`. */
  jobId: z
    .string()
    .max(200)
    .regex(/^[A-Za-z][A-Za-z0-9._-]*$/, 'must begin with a letter and hold no colon')
    .optional(),
  /** The name of the work, when it goes on under another job: a replay keeps the key of what it replays. */
  key: z.string().min(1).max(300).regex(printable, plainText).optional(),
  /** Who adds it: a producer sees only its own jobs. */
  addedBy: z.string().min(1).max(255).regex(printable, plainText).optional(),
  tenant: z
    .string()
    .min(1)
    .max(128)
    .regex(printable, plainText)
    .optional()
    .describe('Whose work it is, where one Millrace serves several customers; jobs are found by it'),
  /** `<queue>/<id>` of the job that adds it. */
  parent: z.string().max(500).regex(printable, plainText).optional(),
  /** `<queue>/<id>` of the job that it is a second run of. */
  rerunOf: z.string().max(500).regex(printable, plainText).optional(),
  /** The dead letter that it is a replay of. */
  replay: z.string().min(1).max(400).optional(),
});

export type AddOptions = z.input<typeof addOptions>;

const none: AddOptions = Object.freeze({});

/** @throws MillraceError INVALID_OPTIONS naming each wrong option. */
export function parseOptions(options: AddOptions | undefined): AddOptions {
  if (options === undefined) return none;
  const parsed = addOptions.safeParse(options);
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error.issues);
  throw new MillraceError('INVALID_OPTIONS', `The options of the job are invalid. ${listFaults(faults)}`, {
    details: faults,
  });
}
