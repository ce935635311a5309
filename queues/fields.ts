import { z } from 'zod';

/** Fields that several jobs share. Bounds keep a payload far below the 256 KiB that the platform accepts. */

/** Our ids: no control characters, no path separators, since ids become parts of file names. */
export const id = z
  .string()
  .min(1)
  .max(128)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._~-]*$/,
    'must begin with a letter or digit and hold only letters, digits and . _ ~ -',
  );

/** No line breaks or other control characters: such text may become a header. */
const oneLine = /^[^\p{Cc}\u2028\u2029]*$/u;

/** One line of text for people: titles, names, subjects. */
export const line = (max = 300) =>
  z.string().trim().min(1).max(max).regex(oneLine, 'must be one line without control characters');

/** Addresses that go into a header as they are; ASCII, as SendGrid asks. */
export const email = z.email('must be a mail address, for example ada@example.com').max(254);

export const isoDate = z.iso.date('must be a date, for example 2024-01-31');
export const isoTime = z.iso.datetime({
  offset: true,
  error: 'must be an ISO 8601 time with a zone, for example 2024-01-31T09:00:00Z',
});

/** A deadline is a day or a moment; SAM.gov gives both. */
export const deadline = z.union([isoDate, isoTime], { error: 'must be an ISO 8601 date or time' });

/** Only web addresses: a link in a mail must not be `javascript:`. */
export const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).max(2_000);

export const dateRange = z
  .strictObject({ start: isoDate, end: isoDate })
  .refine((range) => range.start <= range.end, { error: 'must not end before it starts', path: ['end'] });

export const money = z.strictObject({
  amount: z
    .string()
    .regex(/^-?\d{1,15}(\.\d{1,4})?$/, 'must be a decimal number as a string, for example "1200.50"'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, for example USD'),
});

export const count = z.int().min(0);

/** What every job that makes a file gives back. */
export const fileResult = z.strictObject({
  documentId: z.string(),
  fileName: z.string(),
  contentType: z.string(),
  bytes: count,
  pages: count.optional(),
  rows: count.optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  storageKey: z.string(),
});
