import { type Request, Router } from 'express';
import { z } from 'zod';
import { cerRequest } from '../../../queues/cer-request.ts';
import { id } from '../../../queues/fields.ts';
import { MillraceError } from '../../errors/catalogue.ts';
import type { CerReport, Documents } from '../../integrations/database/port.ts';
import type { Storage } from '../../integrations/storage/port.ts';
import { parse, sendData } from '../answer.ts';
import type { CerCaller, CerIntake } from '../cer-reports.ts';
import { contextOf, principalOf } from '../context.ts';
import type { Audited } from '../middleware/audit.ts';
import { permit } from '../middleware/authenticate.ts';
import { idempotencyKeyOf } from '../middleware/idempotency-key.ts';
import { sendDocument } from '../send-document.ts';

/** A request is stored beside its job, so it may be far larger than a payload: some thousand publications and events. */
export const cerBodyLimit = '5mb';

const address = z.object({ id });

export interface CerRoutesOptions {
  readonly intake: CerIntake;
  readonly documents: Documents;
  readonly storage: Storage | undefined;
  readonly audited: Audited;
}

/** Clinical evaluation reports: asked for, looked up, downloaded. */
export function cerRoutes({ intake, documents, storage, audited }: CerRoutesOptions): Router {
  const router = Router();

  const add = audited(
    'cer-reports.add',
    'cer-report.add',
    () => 'cer-report:new',
    async (request, response, note) => {
      const wanted = parse(cerRequest, request.body, 'body');
      const { report, created } = await intake.submit(wanted, callerOf(request), idempotencyKeyOf(request));
      note({ report: report.id, created });
      sendData(response, { report: viewReport(report) }, created ? 202 : 200);
    },
  );
  router.post('/reports', add);

  router.get('/reports/:id', permit('cer-reports.read-own'), async (request, response) => {
    const { id: reportId } = parse(address, request.params, 'address');
    sendData(response, { report: viewReport(await intake.find(reportId, callerOf(request))) });
  });

  router.get('/reports/:id/pdf', permit('cer-reports.read-own'), async (request, response) => {
    const { id: reportId } = parse(address, request.params, 'address');
    const report = await intake.find(reportId, callerOf(request));
    if (report.documentId === undefined) throw notReady(report);
    const document = await documents.find(report.documentId);
    if (document === undefined || storage === undefined)
      throw new MillraceError('DOCUMENT_NOT_FOUND', `The PDF of report ${report.id} is no longer kept.`);
    // The bearer of the token asks here, so the file comes from here: a redirect would show the token to the storage.
    await sendDocument(request, response, document, await storage.get(document.storageKey));
  });

  return router;
}

function callerOf(request: Request): CerCaller {
  const { correlationId, log } = contextOf(request);
  const { subject, role } = principalOf(request);
  return { subject, role, correlationId, log };
}

function notReady({ id: reportId, status, error }: CerReport): MillraceError {
  const message =
    error === undefined
      ? `Report ${reportId} is ${status}: ask again when its status is completed.`
      : `Report ${reportId} failed (${error.code}): ${error.message}`;
  return new MillraceError('CER_REPORT_NOT_READY', message);
}

function viewReport(report: CerReport) {
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
        : { email: report.notifyEmail ?? null, url: report.notifyUrl ?? null },
    /** Where the PDF is, once there is one. */
    pdf: report.documentId === undefined ? null : `/api/cer/reports/${report.id}/pdf`,
    createdAt: report.createdAt,
    startedAt: report.startedAt ?? null,
    completedAt: report.completedAt ?? null,
    failedAt: report.failedAt ?? null,
    updatedAt: report.updatedAt,
  };
}
