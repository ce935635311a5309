import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../errors/catalogue.ts';
import type { Conversion, Conversions } from '../../integrations/database/port.ts';
import type { Storage } from '../../integrations/storage/port.ts';
import { parse, sendData } from '../answer.ts';
import { contextOf } from '../context.ts';
import type { Audited } from '../middleware/audit.ts';
import { permit } from '../middleware/authenticate.ts';
import type { createPdfUploads } from '../pdf-uploads.ts';

const address = z.object({ id: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'is no id of a conversion') });

/** `POST /api/upload`: a PDF that is to become XML. */
export function uploadRoutes(uploads: ReturnType<typeof createPdfUploads>, audited: Audited): Router {
  const router = Router();
  const add = audited(
    'conversions.add',
    'conversion.add',
    () => 'conversion:new',
    async (request, response, note) => {
      const conversion = await uploads.receive(request, contextOf(request).log);
      note({ conversion: conversion.id });
      response.set('Location', `/api/conversions/${conversion.id}`);
      sendData(response, { conversion: viewConversion(conversion) }, 201);
    },
  );
  router.post('/', add);
  return router;
}

export interface ConversionRoutesOptions {
  readonly conversions: Conversions;
  readonly storage: Storage;
}

/** What became of a PDF, and the XML. */
export function conversionRoutes({ conversions, storage }: ConversionRoutesOptions): Router {
  const router = Router();

  async function find(params: unknown): Promise<Conversion> {
    const { id } = parse(address, params, 'address');
    const row = await conversions.find(id);
    if (row === undefined)
      throw new MillraceError('CONVERSION_NOT_FOUND', `No conversion has the id "${id}".`);
    return row;
  }

  router.get('/:id', permit('conversions.read'), async (request, response) => {
    sendData(response, { conversion: viewConversion(await find(request.params)) });
  });

  router.get('/:id/result', permit('conversions.read'), async (request, response) => {
    const row = await find(request.params);
    if (row.status !== 'complete' || row.resultPath === undefined) throw notComplete(row);
    const file = await storage.get(row.resultPath);
    response.attachment(`${row.id}.xml`).set('Content-Type', 'application/xml');
    if (row.resultBytes !== undefined) response.set('Content-Length', String(row.resultBytes));
    try {
      await pipeline(file, response);
    } catch (error) {
      // Readers that go away in the middle are no fault of ours.
      if (!request.destroyed && !response.destroyed) throw error;
      contextOf(request).log.debug({ err: error }, 'A result was not read to its end');
    }
  });

  return router;
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
