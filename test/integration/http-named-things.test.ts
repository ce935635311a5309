import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attachmentDocumentId } from '../../processors/document/attachment/naming.ts';
import { createClient, RefusedError } from '../../src/client/index.ts';
import { cerSample } from '../support/cer-job.ts';
import { at, openSite, type Site, textAt } from '../support/site.ts';

/** So that no worker takes the jobs. */
const later = { delay: 3_600_000 };

let site: Site;
let shop: string;
let another: string;
let operator: string;
/** What the shop has, by the job that names it. */
let things: Readonly<Record<string, string>>;

beforeAll(async () => {
  site = await openSite();
  [shop, another, operator] = await Promise.all([
    site.token('producer', 'shop'),
    site.token('producer', 'another'),
    site.token('operator'),
  ]);
  const { documents, conversions } = site.world.database;
  await saveDocument('shops-document', 'shop');
  await saveDocument(attachmentDocumentId('shops-attachment'), 'shop');
  await saveDocument('of-the-platform', '');
  const story = await site.ask('POST', '/api/stories', {
    token: shop,
    body: { title: 'A title', content: 'Some text.' },
  });
  const report = await site.ask('POST', '/api/cer/reports', { token: shop, body: cerSample() });
  const conversion = await conversions.create({
    id: 'shops-conversion',
    uploadPath: 'uploads/one.pdf',
    mapping: 'default',
    fileName: undefined,
    uploadBytes: 1,
    addedBy: 'shop',
  });
  things = {
    document: 'shops-document',
    story: textAt(story.json, 'data.story.id'),
    report: textAt(report.json, 'data.report.id'),
    conversion: conversion.id,
    attachment: 'shops-attachment',
  };

  async function saveDocument(id: string, addedBy: string): Promise<void> {
    await documents.save({
      ...{ id, addedBy, jobKey: `document.${id}`, userId: undefined, kind: 'analytics', format: 'pdf' },
      ...{ title: 'Overview', fileName: 'overview.pdf', contentType: 'application/pdf', bytes: 1 },
      ...{ pages: 1, rows: undefined, sha256: '0'.repeat(64), storageKey: `reports/${id}.pdf` },
    });
  }
});
afterAll(() => site.close());

const sendDocument = (documentId: string) => ({
  type: 'document-ready' as const,
  data: { userId: 'user-1', email: 'ada@example.com', documentId, title: 'Overview' },
});

/** Each job that names a thing of somebody's, with the field that names it. */
const jobs = [
  ['email/send-document', 'document', 'data.documentId', sendDocument],
  [
    'email/send-cer-notification',
    'report',
    'data.reportId',
    (reportId: string) => ({ type: 'cer-notification', data: { reportId, outcome: 'completed' } }),
  ],
  [
    'email/send-cer-webhook',
    'report',
    'data.reportId',
    (reportId: string) => ({ type: 'cer-webhook', data: { reportId, outcome: 'completed' } }),
  ],
  [
    'document/render-cer',
    'report',
    'data.reportId',
    (reportId: string) => ({ type: 'clinical-evaluation-report', data: { reportId } }),
  ],
  [
    'document/convert-pdf',
    'conversion',
    'data.conversionId',
    (conversionId: string) => ({ type: 'pdf-to-xml', data: { conversionId } }),
  ],
  [
    'story-enhancement/enhance-story',
    'story',
    'data.storyId',
    (storyId: string) => ({ type: 'story-enhancement', data: { storyId } }),
  ],
] as const;

const attachment = (attachmentId: string, source: object = { url: 'https://example.com/a.pdf' }) => ({
  type: 'process-attachment',
  data: { attachmentId, source },
});
const matrix = (...attachmentIds: string[]) => ({
  type: 'compliance-matrix',
  data: { userId: 'user-1', opportunityId: 'n-1', attachmentIds, format: 'pdf' },
});

const add = (token: string, job: string, payload: unknown, headers: Record<string, string> = {}) =>
  site.ask('POST', `/api/jobs/${job}`, {
    token,
    body: { payload, options: later },
    headers,
  });

async function queued(): Promise<number> {
  const counts = await Promise.all(
    ['email', 'document', 'story-enhancement'].map((queue) => site.platform.queues.counts(queue)),
  );
  return counts.flatMap((each) => Object.values(each)).reduce((sum, count) => sum + count, 0);
}

describe('a job that names a thing of somebody’s', () => {
  it.each(jobs)('%s may be added by whose %s it is, and by operators', async (job, thing, _path, payload) => {
    for (const token of [shop, operator])
      expect((await add(token, job, payload(things[thing] ?? ''))).status).toBe(202);
  });

  it.each(jobs)('%s tells another’s %s from none in nothing', async (job, thing, path, payload) => {
    const before = await queued();
    const named = things[thing] ?? '';
    const refusals = await Promise.all([named, 'x-none'].map((id) => add(another, job, payload(id))));
    for (const { status, json } of refusals) {
      expect([status, at(json, 'error.code')]).toEqual([400, 'INVALID_PAYLOAD']);
      expect(at(json, 'error.details')).toEqual([
        { path, message: expect.stringMatching(/^is the id of no /) },
      ]);
    }
    expect(refusals[0]?.text).toBe(refusals[1]?.text);
    expect(await queued()).toBe(before);
  });

  it('is refused for what the platform made by itself', async () => {
    expect((await add(another, 'email/send-document', sendDocument('of-the-platform'))).status).toBe(400);
  });

  it('is refused among many, with its place, and then none is added', async () => {
    const before = await queued();
    const ids = [things.document, 'x-none', things.document, 'of-the-platform'];
    const body = { jobs: ids.map((id) => ({ payload: sendDocument(id ?? ''), options: later })) };
    const path = '/api/jobs/email/send-document/bulk';
    const answer = await site.ask('POST', path, { token: shop, body });
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([400, 'INVALID_PAYLOAD']);
    expect(at(answer.json, 'error.details')).toMatchObject([
      { path: '[1].data.documentId' },
      { path: '[3].data.documentId' },
    ]);
    expect(await queued()).toBe(before);
    expect((await site.ask('POST', path, { token: operator, body })).status).toBe(202);
  });

  it('is refused by the typed client', async () => {
    const client = createClient({ url: site.service.url, token: another });
    const refused = await client
      .addJob('email', 'send-document', sendDocument(things.document ?? ''))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RefusedError);
    expect(refused).toMatchObject({ code: 'INVALID_PAYLOAD', details: [{ path: 'data.documentId' }] });
  });

  it('is the same job under its key when what it names is gone, and under another’s key is refused', async () => {
    const { documents } = site.world.database;
    const row = await documents.find('shops-document');
    if (row === undefined) throw new Error('The document of these tests is gone.');
    await documents.save({ ...row, id: 'short-lived', jobKey: 'document.short-lived' });
    const key = { 'Idempotency-Key': 'short-lived' };
    const send = (token: string) => add(token, 'email/send-document', sendDocument('short-lived'), key);
    const bulk = () =>
      site.ask('POST', '/api/jobs/email/send-document/bulk', {
        token: shop,
        body: {
          jobs: [{ payload: sendDocument('short-lived'), options: { idempotencyKey: 'short-lived' } }],
        },
      });
    const first = await send(shop);
    expect(first.status).toBe(202);
    await site.world.pool.query(`delete from documents where id = 'short-lived'`);
    const again = await send(shop);
    expect([again.status, at(again.json, 'data.job.id')]).toEqual([200, at(first.json, 'data.job.id')]);
    expect((await bulk()).status).toBe(200);
    expect((await send(another)).status).toBe(400);
  });

  it('cannot be edited into being by those who may only add', async () => {
    const own = await add(shop, 'email/send-document', sendDocument('shops-document'));
    const again = await site.ask('POST', `/api/jobs/email/${textAt(own.json, 'data.job.id')}/run-again`, {
      token: shop,
      body: { payload: sendDocument('of-the-platform') },
    });
    expect(again.status).toBe(403);
    const letter = await site.ask('POST', '/api/dead-letters/x/replay', { token: shop, body: {} });
    expect(letter.status).toBe(403);
  });
});

describe('an attachment', () => {
  it('of another is neither replaced nor read; a new one, and one’s own, may be named', async () => {
    const job = 'document/process-attachment';
    const taken = await add(another, job, attachment('shops-attachment'));
    expect(at(taken.json, 'error.details')).toMatchObject([{ path: 'data.attachmentId' }]);
    const read = await add(another, 'document/generate-compliance-matrix', matrix('new', 'shops-attachment'));
    expect(at(read.json, 'error.details')).toMatchObject([{ path: 'data.attachmentIds[1]' }]);
    expect((await add(another, job, attachment('new'))).status).toBe(202);
    expect((await add(shop, job, attachment('shops-attachment'))).status).toBe(202);
    const own = await add(shop, 'document/generate-compliance-matrix', matrix('new-2', 'shops-attachment'));
    expect(own.status).toBe(202);
  });

  it.each(['reports/shops-document.pdf', ' Reports/none.pdf', 'uploads/one.pdf', 'cer'])(
    'is not taken from the platform’s own place %j',
    async (key) => {
      const answer = await add(another, 'document/process-attachment', attachment('from-a-key', { key }));
      expect(at(answer.json, 'error.details')).toMatchObject([{ path: 'data.source.key' }]);
      const asOperator = await add(
        operator,
        'document/process-attachment',
        attachment('from-a-key', { key }),
      );
      expect(asOperator.status).toBe(202);
    },
  );

  it('is taken from where another service has put it', async () => {
    const payload = attachment('from-samples', { key: 'samples/reports/one.pdf' });
    expect((await add(another, 'document/process-attachment', payload)).status).toBe(202);
  });
});
