import { z } from 'zod';
import { cerRequest } from '../../../queues/cer-request.ts';
import { id } from '../../../queues/fields.ts';
import { count, time } from './fields.ts';

export const cerReportAddress = z.object({ id: id.describe("The report's id") });

export const newCerReport = cerRequest.meta({ id: 'NewCerReport' });

/** A clinical evaluation report as the API shows it. */
export const cerReport = z
  .object({
    id: z.string(),
    status: z.enum(['queued', 'processing', 'completed', 'failed']),
    device: z.string(),
    jobId: z.string().describe('The job of queue `document` that renders it'),
    attempts: count,
    renderer: z.enum(['chromium', 'pdfkit']).nullable(),
    documentId: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    notify: z.object({ email: z.string().nullable(), url: z.string().nullable() }).nullable(),
    pdf: z.string().nullable().describe('Where the PDF is, once there is one'),
    createdAt: time,
    startedAt: time.nullable(),
    completedAt: time.nullable(),
    failedAt: time.nullable(),
    updatedAt: time,
  })
  .meta({ id: 'CerReport' });
