import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentQueue } from '../../queues/document.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { addCerReport, cerSample, drawnText, factsOf, runCer, squeezed } from '../support/cer-job.ts';
import { createWorld, type World } from '../support/world.ts';

describe('a clinical evaluation report without a browser', () => {
  let world: World;
  let storage: Storage;
  let filesDir: string;
  beforeAll(async () => {
    world = await createWorld();
    filesDir = join(world.dataDir, 'files');
    storage = createLocalStorage({ dir: filesDir });
  });
  afterAll(() => world.close());

  it('holds every fact of a request of real size', async () => {
    const request = cerSample();
    const report = await addCerReport(world, request);
    const result = await runCer(report, { world, storage });
    expect(documentQueue.jobs['render-cer'].result.parse(result)).toEqual(result);
    expect(result).toMatchObject({ reportId: report.id, renderer: 'pdfkit', contentType: 'application/pdf' });
    expect(await world.database.cerReports.find(report.id)).toMatchObject({
      status: 'completed',
      renderer: 'pdfkit',
      documentId: result.documentId,
    });
    const text = await drawnText(join(filesDir, result.storageKey));
    const missing = factsOf(request).filter((fact) => !text.includes(squeezed(fact)));
    expect(missing).toEqual([]);
    expect(factsOf(request).length).toBeGreaterThan(1_800);
  });

  it('is made once: an attempt that comes after its end says what the first one made', async () => {
    const report = await addCerReport(world, cerSample({ literature: 2, adverseEvents: 3 }));
    const first = await runCer(report, { world, storage });
    expect(await runCer(report, { world, storage, attempt: 2 })).toEqual(first);
    const { rows } = await world.pool.query(
      'select count(*)::int as n from documents where kind = $1 and id = $2',
      ['cer', first.documentId],
    );
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('fails for good when there is no such report, or none that this version can read', async () => {
    await expect(runCer({ id: 'none', jobId: 'j' }, { world, storage })).rejects.toMatchObject({
      code: 'CER_REPORT_NOT_FOUND',
      retryable: false,
    });
    const old = await addCerReport(world, cerSample({ literature: 1, adverseEvents: 1 }), {
      request: { device: {} },
    });
    await expect(runCer(old, { world, storage })).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      retryable: false,
    });
  });

  it('stops in the middle when it is told to, and leaves no file', async () => {
    const report = await addCerReport(world, cerSample());
    const stop = new AbortController();
    const running = runCer(report, {
      world,
      storage,
      signal: stop.signal,
      onProgress: (percent) => percent === 20 && stop.abort(new Error('told to')),
    });
    await expect(running).rejects.toThrow('told to');
    expect(await world.database.cerReports.find(report.id)).toMatchObject({
      status: 'processing',
      documentId: undefined,
    });
  });
});
