import { z } from 'zod';
import type { Principal } from '../../access/roles.ts';
import { MillraceError } from '../../errors/catalogue.ts';
import type { CerReport, Documents } from '../../integrations/database/port.ts';
import type { Storage } from '../../integrations/storage/port.ts';
import { masked } from '../../queue/masking/index.ts';
import type { CerCaller, CerIntake } from '../cer-reports.ts';
import { seesInClear } from '../own-jobs.ts';
import { type Asking, type Route, reply, route } from '../route.ts';
import { cerReport, cerReportAddress, newCerReport } from '../schemas/cer.ts';
import { idempotencyHeader } from '../schemas/jobs.ts';
import { sendFile } from '../send-file.ts';

const tag = 'Clinical evaluation reports';
const answer = z.object({ report: cerReport });

/** A request is stored beside its job, so it may be far larger than a payload: some thousand publications and events. */
const bodyLimit = '5mb';

export interface CerRoutesOptions {
  readonly intake: CerIntake;
  readonly documents: Documents;
  readonly storage: Storage | undefined;
}

/** Clinical evaluation reports: asked for, looked up, downloaded. */
export function cerRoutes({ intake, documents, storage }: CerRoutesOptions): Route[] {
  const add = route({
    method: 'post',
    path: '/cer/reports',
    tag,
    permission: 'cer-reports.add',
    summary: 'Ask for a clinical evaluation report',
    description:
      'The request is kept and a job renders it; `notify` says who is told when it is done. The same idempotency key again is the same report, answered with 200.',
    headers: idempotencyHeader,
    body: newCerReport,
    bodyLimit,
    answers: { 202: answer, 200: answer },
    errors: ['IDEMPOTENCY_CONFLICT', 'WEBHOOK_NOT_CONFIGURED', 'QUEUE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'],
    audit: { action: 'cer-report.add', object: () => 'cer-report:new' },
    async handle({ body, headers, note, ...call }) {
      const { report, created } = await intake.submit(body, callerOf(call), headers['Idempotency-Key']);
      note({ report: report.id, created });
      const data = { report: viewReport(report, call.principal) };
      return created ? reply(202, data) : reply(200, data);
    },
  });

  const show = route({
    method: 'get',
    path: '/cer/reports/{id}',
    tag,
    permission: 'cer-reports.read-own',
    summary: 'See where a report stands',
    description: 'Producers see the reports that they have asked for.',
    params: cerReportAddress,
    answers: { 200: answer },
    errors: ['CER_REPORT_NOT_FOUND', 'DATABASE_UNAVAILABLE'],
    async handle({ params, ...call }) {
      const report = await intake.find(params.id, callerOf(call));
      return reply(200, { report: viewReport(report, call.principal) });
    },
  });

  const pdf = route({
    method: 'get',
    path: '/cer/reports/{id}/pdf',
    tag,
    permission: 'cer-reports.read-own',
    summary: 'Fetch the PDF of a report',
    params: cerReportAddress,
    answers: { 200: { contentType: 'application/pdf', description: 'The PDF itself' } },
    sends: { 'Content-Disposition': 'The name to save it under' },
    errors: [
      'CER_REPORT_NOT_FOUND',
      'CER_REPORT_NOT_READY',
      'DOCUMENT_NOT_FOUND',
      'DATABASE_UNAVAILABLE',
      'STORAGE_FAILED',
    ],
    async handle({ params, request, response, ...call }) {
      const report = await intake.find(params.id, callerOf(call));
      if (report.documentId === undefined) throw notReady(report);
      const document = await documents.find(report.documentId);
      if (document === undefined || storage === undefined)
        throw new MillraceError('DOCUMENT_NOT_FOUND', `The PDF of report ${report.id} is no longer kept.`);
      // The bearer of the token asks here, so the file comes from here: a redirect would show the token to the storage.
      await sendFile(request, response, document, await storage.get(document.storageKey));
      return undefined;
    },
  });

  return [add, show, pdf];
}

function callerOf({ principal: { subject, role }, correlationId, log }: Asking): CerCaller {
  return { subject, role, correlationId, log };
}

function notReady({ id: reportId, status, error }: CerReport): MillraceError {
  const message =
    error === undefined
      ? `Report ${reportId} is ${status}: ask again when its status is completed.`
      : `Report ${reportId} failed (${error.code}): ${error.message}`;
  return new MillraceError('CER_REPORT_NOT_READY', message);
}

function viewReport(report: CerReport, principal: Principal) {
  return {
    id: report.id,
    status: report.status,
    device: report.deviceName,
    jobId: report.jobId,
    attempts: report.attempts,
    renderer: report.renderer ?? null,
    documentId: report.documentId ?? null,
    error: report.error ?? null,
    notify:
      report.notifyEmail === undefined && report.notifyUrl === undefined
        ? null
        : {
            // As in jobs: in clear to the service that gave it.
            email:
              report.notifyEmail === undefined || seesInClear(principal, report.subject)
                ? (report.notifyEmail ?? null)
                : masked,
            url: report.notifyUrl ?? null,
          },
    pdf: report.documentId === undefined ? null : `/api/cer/reports/${report.id}/pdf`,
    createdAt: report.createdAt,
    startedAt: report.startedAt ?? null,
    completedAt: report.completedAt ?? null,
    failedAt: report.failedAt ?? null,
    updatedAt: report.updatedAt,
  };
}
