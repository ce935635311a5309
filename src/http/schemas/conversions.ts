import { z } from 'zod';
import { mappingPattern } from '../../integrations/conversion-gateway/port.ts';
import { count, time } from './fields.ts';

export const conversionAddress = z.object({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/, 'is no id of a conversion')
    .describe("The conversion's id"),
});

/** The form of an upload. It is read as it comes (see `upload-form.ts`): this says what it holds. */
export const uploadForm = z.strictObject({
  file: z.file().describe('A PDF, whatever its name; up to 40 MB unless the platform is set otherwise'),
  mapping: z
    .string()
    .regex(mappingPattern)
    .default('default')
    .describe('The name of the mapping that says what is read from the PDF'),
});

/** A conversion as the API shows it. */
export const conversion = z
  .object({
    id: z.string(),
    status: z.enum(['queued', 'processing', 'complete', 'failed']),
    mapping: z.string(),
    fileName: z.string().nullable().describe('As whoever uploaded it called it'),
    uploadBytes: count.nullable(),
    attempts: count,
    errorCode: z.string().nullable().describe('Why it failed, such as `NO_TEXT`'),
    errorMessage: z.string().nullable(),
    resultPath: z.string().nullable().describe('Where the XML is in the storage'),
    resultBytes: count.nullable(),
    lineItems: count.nullable(),
    converter: z.string().nullable().describe('What converted it'),
    jobId: z.string().nullable().describe('The job of queue `document` that it has become last'),
    createdAt: time,
    startedAt: time.nullable(),
    completedAt: time.nullable(),
    failedAt: time.nullable(),
  })
  .meta({ id: 'Conversion' });
