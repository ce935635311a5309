import { createHash } from 'node:crypto';
import { cerSample } from './cer-job.ts';
import { simpleInvoice, threeLines } from './pdf-file.ts';
import { until } from './platform.ts';
import { ask, reminder, type Site, textAt } from './site.ts';

export type ApiObjects = ReturnType<typeof apiObjects>;

/**
 * Makes what the API tells of, on a site whose mails are all refused; each maker gives the id of what it made.
 * @param token of an admin.
 */
export function apiObjects(site: Site, token: string) {
  async function addJob(options: object = {}): Promise<string> {
    const { id } = await site.platform.queues.addUntyped('email', 'send-reminder', reminder, options);
    return id;
  }

  async function failedJob(): Promise<string> {
    const id = await addJob();
    await until(
      'the job fails',
      async () => (await site.platform.queues.job('email', id))?.state === 'failed',
    );
    return id;
  }

  /** The letter of a job that died. */
  async function deadLetter(): Promise<string> {
    const jobId = await failedJob();
    const [letter] = await site.deadLetters.list({ jobId }, undefined, 1);
    return letter?.id ?? '';
  }

  async function operation(kind: 'replay' | 'discard'): Promise<string> {
    const filter = { queue: 'document' };
    const started = await site.deadLetters.inBulk.start({
      kind,
      filter,
      perSecond: 1,
      reason: 'a test',
      requestedBy: 'ops',
    });
    return started.id;
  }

  async function addStory(): Promise<{ id: string; jobId: string }> {
    const body = { title: 'A title', content: 'Some text.' };
    const { json } = await ask(`${site.service.url}/api/stories`, 'POST', { token, body });
    return { id: textAt(json, 'data.story.id'), jobId: textAt(json, 'data.story.jobId') };
  }

  async function addDocument(): Promise<string> {
    const content = Buffer.from('%PDF-1.7 a document');
    const { storageKey } = { storageKey: 'documents/one.pdf' };
    await site.storage.put(storageKey, content);
    await site.world.database.documents.save({
      id: 'document-1',
      jobKey: 'job-1',
      userId: 'user-1',
      kind: 'generate-report',
      format: 'pdf',
      title: 'A report',
      fileName: 'report.pdf',
      contentType: 'application/pdf',
      bytes: content.length,
      pages: 1,
      rows: undefined,
      sha256: createHash('sha256').update(content).digest('hex'),
      storageKey,
    });
    return 'document-1';
  }

  async function addReport(): Promise<string> {
    const body = cerSample();
    const { json } = await ask(`${site.service.url}/api/cer/reports`, 'POST', { token, body });
    return textAt(json, 'data.report.id');
  }

  async function finishedReport(): Promise<string> {
    const id = await addReport();
    const reports = site.world.database.cerReports;
    await reports.begin(id, `render-cer-${id}`);
    await reports.complete(id, { documentId: await addDocument(), renderer: 'pdfkit' });
    return id;
  }

  async function pdfForm(): Promise<FormData> {
    const form = new FormData();
    form.set('file', new Blob([Uint8Array.from(await simpleInvoice(threeLines))]), 'invoice.pdf');
    return form;
  }

  async function addConversion(): Promise<string> {
    const response = await fetch(`${site.service.url}/api/upload`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: await pdfForm(),
    });
    return textAt(await response.json(), 'data.conversion.id');
  }

  async function finishedConversion(): Promise<string> {
    const id = await addConversion();
    const { conversions } = site.world.database;
    const run = { id, token: 'run-1' };
    await conversions.begin({
      ...run,
      jobKey: 'by-hand',
      attempt: 1,
      worker: 'test',
      seconds: 60,
      byHand: true,
    });
    const resultPath = `results/${id}.xml`;
    const { bytes } = await site.storage.put(resultPath, Buffer.from('<invoice/>'));
    await conversions.finish(run, { resultPath, bytes, lineItems: 0, converter: 'built-in' });
    return id;
  }

  async function addToken(): Promise<string> {
    const body = { role: 'producer', subject: 'ci', ttl: '1h' };
    const { json } = await ask(`${site.service.url}/api/tokens`, 'POST', { token, body });
    return textAt(json, 'data.token.id');
  }

  return {
    addJob,
    failedJob,
    deadLetter,
    operation,
    addStory,
    addDocument,
    addReport,
    finishedReport,
    pdfForm,
    addConversion,
    finishedConversion,
    addToken,
  };
}
