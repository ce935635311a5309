import { z } from 'zod';
import { count, time } from './fields.ts';

export const documentAddress = z.object({
  id: z
    .string()
    .regex(/^[\x21-\x7e]{1,300}$/, 'is no id of a document')
    .describe("The document's id, as the result of its job names it"),
});

/** A document as the API shows it. */
export const document = z
  .object({
    id: z.string(),
    kind: z.string().describe('What it is, such as `generate-report`'),
    format: z.string().describe('Such as `pdf`, `xlsx`, `csv`'),
    title: z.string(),
    fileName: z.string(),
    contentType: z.string(),
    bytes: count,
    pages: count.nullable(),
    rows: count.nullable(),
    sha256: z.string().describe('Of the file, in hexadecimal'),
    userId: z.string().nullable(),
    createdAt: time,
    url: z.string().describe('The file itself; needs no token'),
    urlExpiresAt: time,
  })
  .meta({ id: 'Document' });
