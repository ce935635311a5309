import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import express from 'express';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { queues } from '../../queues/index.ts';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { createMailLinks } from '../../src/http/mail-links.ts';
import { ApiDocument } from '../support/api-document.ts';
import { cerSample } from '../support/cer-job.ts';
import { valid } from '../support/payloads.ts';
import { simpleInvoice, threeLines } from '../support/pdf-file.ts';
import { until } from '../support/platform.ts';
import { type Answer, ask, at, jwtSecret, openSite, reminder, type Site, textAt } from '../support/site.ts';

/**
 * Holds the document against the platform: every operation is called, well and badly, and every answer must be as the
 * document says. A new operation needs a line in `calls`.
 */
const api = new ApiDocument();
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const mailLinks = createMailLinks(jwtSecret, 'http://millrace.example');

interface Call {
  readonly path: string;
  readonly status: number;
  readonly body?: unknown;
  readonly form?: FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

let site: Site;
let token: string;
/** What the routers were told while the platform was put together, by the router. */
const mounted = recordMounts();

beforeAll(async () => {
  site = await openSite({
    sendGridWebhookKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    health: { database: () => site.world.database.ping() },
    metrics: { contentType: 'text/plain; version=0.0.4', render: async () => 'up 1\n' },
    processors: { email: { 'send-reminder': refuse } },
  });
  token = await site.token('admin');
});
afterAll(() => site.close());

async function refuse(): Promise<never> {
  throw new UnrecoverableError('There is no such mailbox.', { code: 'MAIL_REJECTED' });
}

async function send(name: string, { path, body, form, headers = {} }: Call): Promise<Answer> {
  const [method = ''] = name.split(' ');
  const secured = api.operations.get(name)?.security === undefined;
  const bearer = secured ? { Authorization: `Bearer ${token}` } : {};
  if (form === undefined) {
    const sent = body === undefined ? {} : { body };
    return ask(`${site.service.url}${path}`, method.toUpperCase(), {
      headers: { ...bearer, ...headers },
      ...sent,
    });
  }
  const response = await fetch(`${site.service.url}${path}`, {
    method: method.toUpperCase(),
    headers: { ...bearer, ...headers },
    body: form,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}

async function addJob(options: object = {}): Promise<string> {
  const { id } = await site.platform.queues.addUntyped('email', 'send-reminder', reminder, options);
  return id;
}

async function failedJob(): Promise<string> {
  const id = await addJob();
  await until('the job fails', async () => (await site.platform.queues.job('email', id))?.state === 'failed');
  return id;
}

const later = { delay: 3_600_000 };

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
  const answer = await send('post /api/upload', { path: '/api/upload', status: 201, form: await pdfForm() });
  return textAt(answer.json, 'data.conversion.id');
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

function events(body: string): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = sign('sha256', Buffer.from(timestamp + body), privateKey);
  return {
    'X-Twilio-Email-Event-Webhook-Signature': signature.toString('base64'),
    'X-Twilio-Email-Event-Webhook-Timestamp': timestamp,
  };
}

const unsubscribePath = () =>
  new URL(mailLinks.unsubscribe({ userId: 'user-1', email: 'ada@example.com', kind: 'reminders' })).pathname;

/** Each operation, called as it should be; twice where it has two good answers that are near at hand. */
const calls: Readonly<Record<string, () => Promise<readonly Call[]> | readonly Call[]>> = {
  ...addCalls(),
  'post /api/jobs/{queue}/{job}/bulk': () => [
    {
      path: '/api/jobs/email/send-reminder/bulk',
      status: 202,
      body: { jobs: [{ payload: reminder, options: later }, { payload: reminder }] },
    },
  ],
  'get /api/jobs': async () => {
    const addedAt = new Date();
    const seen = { queue: 'email', jobId: 'indexed', addedAt, stateAt: addedAt, name: 'send-reminder' };
    await site.world.database.jobIndex.record([{ ...seen, state: 'completed', waitMs: 2, owner: 'shop' }]);
    return [{ path: '/api/jobs?owner=shop&limit=5', status: 200 }];
  },
  'get /api/jobs/{queue}/{job}': async () => [
    { path: `/api/jobs/email/${await addJob(later)}`, status: 200 },
    { path: `/api/jobs/email/${await failedJob()}`, status: 200 },
  ],
  'get /api/jobs/{queue}/{job}/events': async () => [
    { path: `/api/jobs/email/${await failedJob()}/events`, status: 200 },
  ],
  'post /api/jobs/{queue}/{job}/cancel': async () => [
    { path: `/api/jobs/email/${await addJob(later)}/cancel`, status: 200 },
  ],
  'post /api/jobs/{queue}/{job}/retry': async () => [
    { path: `/api/jobs/email/${await failedJob()}/retry`, status: 202 },
  ],
  'post /api/jobs/{queue}/{job}/promote': async () => [
    { path: `/api/jobs/email/${await addJob(later)}/promote`, status: 202 },
  ],
  'post /api/jobs/{queue}/{job}/run-again': async () => {
    const path = `/api/jobs/email/${await failedJob()}/run-again`;
    const headers = { 'Idempotency-Key': 'run-again' };
    return [
      { path, headers, status: 202, body: { payload: reminder } },
      { path, headers, status: 200 },
    ];
  },
  'post /api/jobs/{queue}/{job}/reveal': async () => [
    { path: `/api/jobs/email/${await addJob(later)}/reveal`, status: 200 },
  ],
  'get /api/queues': () => [{ path: '/api/queues', status: 200 }],
  'get /api/queues/{queue}': () => [{ path: '/api/queues/email', status: 200 }],
  'get /api/queues/{queue}/activity': () => [{ path: '/api/queues/email/activity?hours=2', status: 200 }],
  'post /api/queues/{queue}/pause': () => [{ path: '/api/queues/sync/pause', status: 200 }],
  'post /api/queues/{queue}/resume': () => [{ path: '/api/queues/sync/resume', status: 200 }],
  'get /api/dead-letters': async () => {
    await deadLetter();
    return [
      { path: '/api/dead-letters?queue=email&limit=1&words=mailbox&from=2020-01-01T00:00:00Z', status: 200 },
    ];
  },
  'get /api/dead-letters/groups': async () => {
    await deadLetter();
    return [{ path: '/api/dead-letters/groups?state=all', status: 200 }];
  },
  'get /api/dead-letters/{letter}': async () => [
    { path: `/api/dead-letters/${await deadLetter()}`, status: 200 },
  ],
  'post /api/dead-letters/{letter}/replay': async () => [
    { path: `/api/dead-letters/${await deadLetter()}/replay`, status: 202 },
    { path: `/api/dead-letters/${await deadLetter()}/replay`, status: 202, body: { payload: reminder } },
  ],
  'post /api/dead-letters/{letter}/reveal': async () => [
    { path: `/api/dead-letters/${await deadLetter()}/reveal`, status: 200 },
  ],
  'delete /api/dead-letters/{letter}': async () => [
    { path: `/api/dead-letters/${await deadLetter()}?reason=a%20test`, status: 200 },
  ],
  'post /api/dead-letters/replay': () =>
    [
      { status: 200, body: { filter: { queue: 'email' } } },
      { status: 202, body: { filter: { until: '2026-01-01T00:00:00Z' }, dryRun: false, perSecond: 5 } },
    ].map((call) => ({ path: '/api/dead-letters/replay', ...call })),
  'post /api/dead-letters/discard': () =>
    [true, false].map((dryRun) => ({
      path: '/api/dead-letters/discard',
      status: dryRun ? 200 : 202,
      body: { filter: { queue: 'sync' }, reason: 'a test', dryRun },
    })),
  'get /api/dead-letters/replays': async () => {
    await operation('replay');
    return [{ path: '/api/dead-letters/replays', status: 200 }];
  },
  'get /api/dead-letters/replays/{operation}': async () => [
    { path: `/api/dead-letters/replays/${await operation('replay')}`, status: 200 },
  ],
  'post /api/dead-letters/replays/{operation}/stop': async () => [
    { path: `/api/dead-letters/replays/${await operation('replay')}/stop`, status: 200 },
  ],
  'get /api/dead-letters/discards/{operation}': async () => [
    { path: `/api/dead-letters/discards/${await operation('discard')}`, status: 200 },
  ],
  'post /api/dead-letters/discards/{operation}/stop': async () => [
    { path: `/api/dead-letters/discards/${await operation('discard')}/stop`, status: 200 },
  ],
  'get /api/schedules': () => [{ path: '/api/schedules', status: 200 }],
  'get /api/schedules/{schedule}': () => [{ path: '/api/schedules/data-cleanup', status: 200 }],
  'post /api/schedules/{schedule}/run': () =>
    [202, 200].map((status) => ({
      path: '/api/schedules/data-cleanup/run',
      status,
      headers: { 'Idempotency-Key': 'run-1' },
    })),
  'patch /api/schedules/{schedule}': () => [
    { path: '/api/schedules/data-cleanup', status: 200, body: { enabled: false } },
  ],
  'post /api/schedules/{schedule}/backfill': () =>
    [true, false].map((dryRun) => ({
      path: '/api/schedules/data-cleanup/backfill',
      status: dryRun ? 200 : 202,
      body: { from: '2026-05-01T00:00:00Z', to: '2026-05-02T12:00:00Z', dryRun },
    })),
  'get /api/stories/scoring/job/{jobId}': async () => [
    { path: `/api/stories/scoring/job/${(await addStory()).jobId}`, status: 200 },
  ],
  'get /api/stories/scoring/stats': () => [{ path: '/api/stories/scoring/stats', status: 200 }],
  'get /api/stories/scoring/openai/test': () => [{ path: '/api/stories/scoring/openai/test', status: 200 }],
  'post /api/stories': () =>
    [201, 200].map((status) => ({
      path: '/api/stories',
      status,
      body: { title: 'A title', content: 'Some text.', impactTags: ['energy'] },
      headers: { 'Idempotency-Key': 'story-1' },
    })),
  'get /api/stories/{id}': async () => [{ path: `/api/stories/${(await addStory()).id}`, status: 200 }],
  'patch /api/stories/{id}': async () => [
    {
      path: `/api/stories/${(await addStory()).id}`,
      status: 200,
      body: { sectorTag: null, title: 'Another' },
    },
  ],
  'get /api/documents/{id}': async () => [{ path: `/api/documents/${await addDocument()}`, status: 200 }],
  'get /files/{id}/{fileName}': async () => {
    const { json } = await ask(`${site.service.url}/api/documents/${await addDocument()}`, 'GET', { token });
    const { pathname, search } = new URL(textAt(json, 'data.document.url'));
    return [{ path: pathname + search, status: 200 }];
  },
  'post /api/cer/reports': () =>
    [202, 200].map((status) => ({
      path: '/api/cer/reports',
      status,
      body: cerSample(),
      headers: { 'Idempotency-Key': 'report-1' },
    })),
  'get /api/cer/reports/{id}': async () => [
    { path: `/api/cer/reports/${await addReport()}`, status: 200 },
    { path: `/api/cer/reports/${await finishedReport()}`, status: 200 },
  ],
  'get /api/cer/reports/{id}/pdf': async () => [
    { path: `/api/cer/reports/${await finishedReport()}/pdf`, status: 200 },
  ],
  'post /api/upload': async () => {
    const form = await pdfForm();
    form.set('mapping', 'invoice-de');
    const headers = { 'Idempotency-Key': 'upload-1' };
    return [201, 200].map((status) => ({ path: '/api/upload', status, form, headers }));
  },
  'get /api/conversions/{id}': async () => [
    { path: `/api/conversions/${await addConversion()}`, status: 200 },
    { path: `/api/conversions/${await finishedConversion()}`, status: 200 },
  ],
  'get /api/conversions/{id}/result': async () => [
    { path: `/api/conversions/${await finishedConversion()}/result`, status: 200 },
  ],
  'get /api/tokens': async () => [{ path: `/api/tokens?limit=${(await addToken()).length}`, status: 200 }],
  'post /api/tokens': () => [
    { path: '/api/tokens', status: 201, body: { role: 'viewer', subject: 'eve', ttl: '30m' } },
  ],
  'delete /api/tokens/{token}': async () => [{ path: `/api/tokens/${await addToken()}`, status: 200 }],
  'get /api/audit': () => [{ path: '/api/audit?limit=5', status: 200 }],
  'get /api/audit.csv': () => [{ path: '/api/audit.csv', status: 200 }],
  'get /health': () => [{ path: '/health', status: 200 }],
  'get /health/live': () => [{ path: '/health/live', status: 200 }],
  'get /health/ready': () => [{ path: '/health/ready', status: 200 }],
  'get /metrics': () => [{ path: '/metrics', status: 200 }],
  'get /unsubscribe/{token}': () => [{ path: unsubscribePath(), status: 200 }],
  'post /unsubscribe/{token}': () => [{ path: unsubscribePath(), status: 200 }],
  'post /webhooks/sendgrid': () => {
    const body = [
      { event: 'delivered', email: 'ada@example.com', timestamp: 1_800_000_000, sg_event_id: 'e-1' },
    ];
    return [{ path: '/webhooks/sendgrid', status: 204, body, headers: events(JSON.stringify(body)) }];
  },
  'get /api/openapi.json': () => [{ path: '/api/openapi.json', status: 200 }],
  'get /api/docs': () => [{ path: '/api/docs', status: 200 }],
  'get /api/docs/style.css': () => [{ path: '/api/docs/style.css', status: 200 }],
  'get /api/docs/try.js': () => [{ path: '/api/docs/try.js', status: 200 }],
};

/** Every job that there is, with a payload that its schema makes. */
function addCalls(): Record<string, () => readonly Call[]> {
  return Object.fromEntries(
    Object.values(queues).flatMap(({ name: queue, jobs }) =>
      Object.entries(jobs).map(([job, definition]) => {
        const path = `/api/jobs/${queue}/${job}`;
        const [payload] = fc.sample(valid(definition.payload), { numRuns: 1, seed: 42 });
        const body = { payload, options: { ...later, idempotencyKey: `${job}-1` } };
        return [`post ${path}`, () => [202, 200].map((status) => ({ path, status, body }))];
      }),
    ),
  );
}

/** Operations that are refused to nobody while the platform is well. */
const neverRefused = new Set([
  'get /health',
  'get /health/live',
  'get /health/ready',
  'get /metrics',
  'get /api/openapi.json',
  'get /api/docs',
  'get /api/docs/style.css',
  'get /api/docs/try.js',
]);

/** Calls that must be refused, beyond those without a token and with an unknown query. */
const refusals: Readonly<Record<string, Call>> = {
  'get /api/jobs': { path: '/api/jobs?state=lost', status: 400 },
  'get /api/jobs/{queue}/{job}': { path: '/api/jobs/email/nothing', status: 404 },
  'get /api/jobs/{queue}/{job}/events': { path: '/api/jobs/emial/nothing/events', status: 404 },
  'post /api/jobs/{queue}/{job}/cancel': { path: '/api/jobs/email/nothing/cancel', status: 404 },
  'post /api/jobs/{queue}/{job}/bulk': {
    path: '/api/jobs/email/send-reminder/bulk',
    status: 400,
    body: { jobs: [{ payload: { type: 'welcome' } }] },
  },
  'get /api/queues/{queue}': { path: '/api/queues/emial', status: 404 },
  'get /api/dead-letters/{letter}': { path: '/api/dead-letters/nothing', status: 404 },
  'post /api/dead-letters/replay': { path: '/api/dead-letters/replay', status: 400, body: {} },
  'patch /api/schedules/{schedule}': { path: '/api/schedules/nothing', status: 404, body: { enabled: true } },
  'get /api/stories/{id}': { path: '/api/stories/nothing', status: 404 },
  'post /api/stories': { path: '/api/stories', status: 400, body: { title: '' } },
  'get /api/documents/{id}': { path: '/api/documents/nothing', status: 404 },
  'get /api/cer/reports/{id}': { path: '/api/cer/reports/nothing', status: 404 },
  'get /api/cer/reports/{id}/pdf': { path: '/api/cer/reports/nothing/pdf', status: 404 },
  'post /api/upload': { path: '/api/upload', status: 415, body: {} },
  'get /api/conversions/{id}/result': { path: '/api/conversions/nothing/result', status: 404 },
  'post /api/tokens': { path: '/api/tokens', status: 400, body: { role: 'king' } },
  'delete /api/tokens/{token}': { path: '/api/tokens/nothing', status: 404 },
  'get /files/{id}/{fileName}': { path: '/files/document-1/report.pdf?expires=1&signature=x', status: 403 },
  'get /unsubscribe/{token}': { path: '/unsubscribe/nothing', status: 403 },
  'post /unsubscribe/{token}': { path: '/unsubscribe/nothing', status: 403 },
  'post /webhooks/sendgrid': { path: '/webhooks/sendgrid', status: 403, body: [] },
};

describe('the document', () => {
  it('is OpenAPI in which a linter finds nothing', async () => {
    const config = await createConfig({
      extends: ['recommended-strict'],
      // `/dead-letters/replays/{operation}` beside `/dead-letters/{letter}/replay`: no letter's id is `replays`.
      rules: { 'no-ambiguous-paths': 'off' },
    });
    const problems = await lintFromString({
      source: JSON.stringify(api.json),
      absoluteRef: 'openapi.json',
      config,
    });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
      [],
    );
  });

  it('is what the platform serves', async () => {
    const answer = await site.ask('GET', '/api/openapi.json');
    expect(answer.json).toEqual(api.json);
    expect(answer.headers.get('Content-Type')).toContain('application/json');
  });

  it('knows every route that is mounted, and no other', () => {
    const routes = mounted().filter((name) => !/ \/admin(\/|$)/.test(name));
    const documented = [...api.operations.keys()].filter(
      (name) => !/^post \/api\/jobs\/[a-z-]+\/[a-z-]+$/.test(name),
    );
    expect(routes.filter((name) => name !== 'post /api/jobs/{queue}/{job}').sort()).toEqual(
      documented.sort(),
    );
  });

  it('is tried whole here', () => {
    expect(Object.keys(calls).sort()).toEqual([...api.operations.keys()].sort());
  });
});

describe.each([...api.operations.keys()])('%s', (name) => {
  it('takes and answers what the document says', async () => {
    const wanted = (await calls[name]?.()) ?? [];
    expect(wanted.length).toBeGreaterThan(0);
    for (const call of wanted) {
      if (call.body !== undefined) expect(api.faultsOfBody(name, call.body)).toEqual([]);
      const answer = await send(name, call);
      expect({ status: answer.status, error: at(answer.json, 'error') }).toEqual({ status: call.status });
      expect(api.faultsOf(name, answer)).toEqual([]);
    }
  });

  it('refuses in the words of the document', async () => {
    const secured = api.operations.get(name)?.security === undefined;
    const path = pathOf(name);
    const bad: Call[] = refusals[name] === undefined ? [] : [refusals[name]];
    if (secured) {
      bad.push({ path, status: 401, headers: { Authorization: 'Bearer none' } });
      bad.push({ path: `${path}?unheard=of`, status: 400, body: name.startsWith('get') ? undefined : {} });
    }
    expect(bad.length > 0).toBe(!neverRefused.has(name));
    for (const call of bad) {
      const answer = await send(name, call);
      expect([call.path, answer.status, at(answer.json, 'success')]).toEqual([call.path, call.status, false]);
      expect(api.faultsOf(name, answer)).toEqual([]);
    }
  });
});

/** An address of that form. */
function pathOf(name: string): string {
  const [, path = ''] = name.split(' ');
  return path.replace('{queue}', 'email').replaceAll(/\{\w+\}/g, 'x');
}

/**
 * Notes all that is mounted from now on. Answers every route with its whole path, as the document writes it.
 */
function recordMounts(): () => string[] {
  const { prototype } = express.Router;
  const routes = new Map<object, { route: { path: unknown; methods: object } }[]>();
  const children = new Map<object, { path: string; router: object }[]>();
  const addRoute = prototype.route;
  const addUse = prototype.use;
  vi.spyOn(prototype, 'route').mockImplementation(function (this: object, path: unknown) {
    const route = addRoute.call(this, path);
    routes.set(this, [...(routes.get(this) ?? []), { route }]);
    return route;
  });
  vi.spyOn(prototype, 'use').mockImplementation(function (this: object, ...parts: unknown[]) {
    const [first] = parts;
    const path = typeof first === 'string' ? first : '';
    for (const router of parts.flat(3)) {
      if (typeof router === 'function') children.set(this, [...(children.get(this) ?? []), { path, router }]);
    }
    return addUse.apply(this, parts);
  });
  const below = (router: object, prefix: string): string[] => [
    ...(routes.get(router) ?? []).flatMap(({ route }) =>
      Object.keys(route.methods).map((method) => `${method} ${addressOf(`${prefix}${route.path}`)}`),
    ),
    ...(children.get(router) ?? []).flatMap((child) => below(child.router, prefix + child.path)),
  ];
  return () => {
    // The board, below `/admin`, is an app of its own.
    const roots = [...children.keys()].filter((router) =>
      children.get(router)?.some(({ path }) => path === '/health'),
    );
    return [...new Set(roots.flatMap((root) => below(root, '')))];
  };
}

function addressOf(path: string): string {
  return path.replace(/(.)\/$/, '$1').replaceAll(/:(\w+)/g, '{$1}');
}
