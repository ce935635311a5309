import { z } from 'zod';
import type { Principal } from '../../access/roles.ts';
import { MillraceError } from '../../errors/catalogue.ts';
import type { Conversion, Conversions } from '../../integrations/database/port.ts';
import type { Storage } from '../../integrations/storage/port.ts';
import { mayRead } from '../owned.ts';
import type { createPdfUploads } from '../pdf-uploads.ts';
import { type Route, reply, route } from '../route.ts';
import { conversionAddress, conversion as conversionSchema, uploadForm } from '../schemas/conversions.ts';
import { idempotencyHeader } from '../schemas/jobs.ts';
import { sendFile } from '../send-file.ts';

const tag = 'Conversions';
const answer = z.object({ conversion: conversionSchema });

export interface ConversionRoutesOptions {
  readonly conversions: Conversions;
  readonly storage: Storage;
  readonly uploads: ReturnType<typeof createPdfUploads>;
}

/** PDFs that are to become XML: sent in, looked up, fetched. */
export function conversionRoutes({ conversions, storage, uploads }: ConversionRoutesOptions): Route[] {
  /** Another's conversion is no different from none; what was inserted past the API is nobody's, and shown to all. */
  async function find(id: string, principal: Principal): Promise<Conversion> {
    const row = await conversions.find(id);
    if (row === undefined || !mayRead(principal, row.addedBy, 'conversions.read'))
      throw new MillraceError('CONVERSION_NOT_FOUND', `No conversion has the id "${id}".`);
    return row;
  }

  const upload = route({
    method: 'post',
    path: '/upload',
    tag,
    permission: 'conversions.add',
    summary: 'Upload a PDF to be turned into XML',
    description:
      'The same idempotency key again, with the same file and mapping, is the same conversion, answered with 200.',
    headers: idempotencyHeader,
    form: uploadForm,
    answers: { 201: answer, 200: answer },
    sends: { Location: 'Where the conversion can be looked up' },
    errors: ['IDEMPOTENCY_CONFLICT', 'TOO_LARGE', 'STORAGE_FAILED', 'DATABASE_UNAVAILABLE'],
    audit: { action: 'conversion.add', object: () => 'conversion:new' },
    async handle({ headers, principal, request, response, log, note }) {
      const caller = { subject: principal.subject, idempotencyKey: headers['Idempotency-Key'] };
      const { conversion, created } = await uploads.receive(request, caller, log);
      note({ conversion: conversion.id, created });
      response.set('Location', `/api/conversions/${conversion.id}`);
      const data = { conversion: viewConversion(conversion) };
      return created ? reply(201, data) : reply(200, data);
    },
  });

  const show = route({
    method: 'get',
    path: '/conversions/{id}',
    tag,
    permission: 'conversions.read-own',
    summary: 'See what became of a PDF',
    description: 'Producers see what they have uploaded, and what another service put into the table.',
    params: conversionAddress,
    answers: { 200: answer },
    errors: ['CONVERSION_NOT_FOUND', 'DATABASE_UNAVAILABLE'],
    async handle({ params, principal }) {
      return reply(200, { conversion: viewConversion(await find(params.id, principal)) });
    },
  });

  const result = route({
    method: 'get',
    path: '/conversions/{id}/result',
    tag,
    permission: 'conversions.read-own',
    summary: 'Fetch the XML',
    params: conversionAddress,
    answers: { 200: { contentType: 'application/xml', description: 'The XML itself' } },
    sends: { 'Content-Disposition': 'The name to save it under' },
    errors: ['CONVERSION_NOT_FOUND', 'CONVERSION_NOT_COMPLETE', 'DATABASE_UNAVAILABLE', 'STORAGE_FAILED'],
    async handle({ params, principal, request, response }) {
      const row = await find(params.id, principal);
      if (row.status !== 'complete' || row.resultPath === undefined) throw notComplete(row);
      await sendFile(
        request,
        response,
        { fileName: `${row.id}.xml`, contentType: 'application/xml', bytes: row.resultBytes },
        await storage.get(row.resultPath),
      );
      return undefined;
    },
  });

  return [upload, show, result];
}

function notComplete({ id, status, errorCode, errorMessage }: Conversion): MillraceError {
  const why =
    status === 'failed' ? `it failed with ${errorCode}: ${errorMessage}` : `it is ${status}; ask again later`;
  return new MillraceError('CONVERSION_NOT_COMPLETE', `The conversion "${id}" has no result: ${why}`);
}

function viewConversion(row: Conversion) {
  return {
    id: row.id,
    status: row.status,
    mapping: row.mapping,
    fileName: row.fileName ?? null,
    uploadBytes: row.uploadBytes ?? null,
    attempts: row.attempts,
    errorCode: row.errorCode ?? null,
    errorMessage: row.errorMessage ?? null,
    resultPath: row.resultPath ?? null,
    resultBytes: row.resultBytes ?? null,
    lineItems: row.lineItems ?? null,
    converter: row.converter ?? null,
    jobId: row.jobKey ?? null,
    createdAt: row.createdAt,
    startedAt: row.startedAt ?? null,
    completedAt: row.completedAt ?? null,
    failedAt: row.failedAt ?? null,
  };
}
