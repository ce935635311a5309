import { type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { queues } from '../../queues/index.ts';
import { createMailLinks } from '../../src/http/mail-links.ts';
import type { ApiObjects } from './api-objects.ts';
import { cerSample } from './cer-job.ts';
import { valid } from './payloads.ts';
import { ask, jwtSecret, reminder, type Site, textAt } from './site.ts';

/** One request and the status that its answer must have. */
export interface Call {
  readonly path: string;
  readonly status: number;
  readonly body?: unknown;
  readonly form?: FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Calls = Readonly<Record<string, () => Promise<readonly Call[]> | readonly Call[]>>;

const later = { delay: 3_600_000 };
const mailLinks = createMailLinks(jwtSecret, 'http://millrace.example');

/**
 * Each operation, called as it should be; twice where it has two good answers that are near at hand.
 * @param token of an admin.
 * @param events signs what SendGrid is to have sent.
 */
export function apiCalls(site: Site, token: string, objects: ApiObjects, events: KeyObject): Calls {
  return {
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
      { path: `/api/jobs/email/${await objects.addJob(later)}`, status: 200 },
      { path: `/api/jobs/email/${await objects.failedJob()}`, status: 200 },
    ],
    'get /api/jobs/{queue}/{job}/events': async () => [
      { path: `/api/jobs/email/${await objects.failedJob()}/events`, status: 200 },
    ],
    'post /api/jobs/{queue}/{job}/cancel': async () => [
      { path: `/api/jobs/email/${await objects.addJob(later)}/cancel`, status: 200 },
    ],
    'post /api/jobs/{queue}/{job}/retry': async () => [
      { path: `/api/jobs/email/${await objects.failedJob()}/retry`, status: 202 },
    ],
    'post /api/jobs/{queue}/{job}/promote': async () => [
      { path: `/api/jobs/email/${await objects.addJob(later)}/promote`, status: 202 },
    ],
    'post /api/jobs/{queue}/{job}/run-again': async () => {
      const path = `/api/jobs/email/${await objects.failedJob()}/run-again`;
      const headers = { 'Idempotency-Key': 'run-again' };
      return [
        { path, headers, status: 202, body: { payload: reminder } },
        { path, headers, status: 200 },
      ];
    },
    'post /api/jobs/{queue}/{job}/reveal': async () => [
      { path: `/api/jobs/email/${await objects.addJob(later)}/reveal`, status: 200 },
    ],
    'get /api/queues': () => [{ path: '/api/queues', status: 200 }],
    'get /api/queues/{queue}': () => [{ path: '/api/queues/email', status: 200 }],
    'get /api/queues/{queue}/activity': () => [{ path: '/api/queues/email/activity?hours=2', status: 200 }],
    'post /api/queues/{queue}/pause': () => [{ path: '/api/queues/sync/pause', status: 200 }],
    'post /api/queues/{queue}/resume': () => [{ path: '/api/queues/sync/resume', status: 200 }],
    'get /api/dead-letters': async () => {
      await objects.deadLetter();
      return [
        {
          path: '/api/dead-letters?queue=email&limit=1&words=mailbox&from=2020-01-01T00:00:00Z',
          status: 200,
        },
      ];
    },
    'get /api/dead-letters/groups': async () => {
      await objects.deadLetter();
      return [{ path: '/api/dead-letters/groups?state=all', status: 200 }];
    },
    'get /api/dead-letters/{letter}': async () => [
      { path: `/api/dead-letters/${await objects.deadLetter()}`, status: 200 },
    ],
    'post /api/dead-letters/{letter}/replay': async () => [
      { path: `/api/dead-letters/${await objects.deadLetter()}/replay`, status: 202 },
      {
        path: `/api/dead-letters/${await objects.deadLetter()}/replay`,
        status: 202,
        body: { payload: reminder },
      },
    ],
    'post /api/dead-letters/{letter}/reveal': async () => [
      { path: `/api/dead-letters/${await objects.deadLetter()}/reveal`, status: 200 },
    ],
    'delete /api/dead-letters/{letter}': async () => [
      { path: `/api/dead-letters/${await objects.deadLetter()}?reason=a%20test`, status: 200 },
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
      await objects.operation('replay');
      return [{ path: '/api/dead-letters/replays', status: 200 }];
    },
    'get /api/dead-letters/replays/{operation}': async () => [
      { path: `/api/dead-letters/replays/${await objects.operation('replay')}`, status: 200 },
    ],
    'post /api/dead-letters/replays/{operation}/stop': async () => [
      { path: `/api/dead-letters/replays/${await objects.operation('replay')}/stop`, status: 200 },
    ],
    'get /api/dead-letters/discards/{operation}': async () => [
      { path: `/api/dead-letters/discards/${await objects.operation('discard')}`, status: 200 },
    ],
    'post /api/dead-letters/discards/{operation}/stop': async () => [
      { path: `/api/dead-letters/discards/${await objects.operation('discard')}/stop`, status: 200 },
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
        body: { from: '2026-05-01T00:00:00Z', to: '2026-05-02T12:00:00Z', dryRun, limit: dryRun ? 1 : 500 },
      })),
    'get /api/stories/scoring/job/{jobId}': async () => [
      { path: `/api/stories/scoring/job/${(await objects.addStory()).jobId}`, status: 200 },
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
    'get /api/stories/{id}': async () => [
      { path: `/api/stories/${(await objects.addStory()).id}`, status: 200 },
    ],
    'patch /api/stories/{id}': async () => [
      {
        path: `/api/stories/${(await objects.addStory()).id}`,
        status: 200,
        body: { sectorTag: null, title: 'Another' },
      },
    ],
    'get /api/documents/{id}': async () => [
      { path: `/api/documents/${await objects.addDocument()}`, status: 200 },
    ],
    'get /files/{id}/{fileName}': async () => {
      const { json } = await ask(`${site.service.url}/api/documents/${await objects.addDocument()}`, 'GET', {
        token,
      });
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
      { path: `/api/cer/reports/${await objects.addReport()}`, status: 200 },
      { path: `/api/cer/reports/${await objects.finishedReport()}`, status: 200 },
    ],
    'get /api/cer/reports/{id}/pdf': async () => [
      { path: `/api/cer/reports/${await objects.finishedReport()}/pdf`, status: 200 },
    ],
    'post /api/upload': async () => {
      const form = await objects.pdfForm();
      form.set('mapping', 'invoice-de');
      const headers = { 'Idempotency-Key': 'upload-1' };
      return [201, 200].map((status) => ({ path: '/api/upload', status, form, headers }));
    },
    'get /api/conversions/{id}': async () => [
      { path: `/api/conversions/${await objects.addConversion()}`, status: 200 },
      { path: `/api/conversions/${await objects.finishedConversion()}`, status: 200 },
    ],
    'get /api/conversions/{id}/result': async () => [
      { path: `/api/conversions/${await objects.finishedConversion()}/result`, status: 200 },
    ],
    'get /api/tokens': async () => [
      { path: `/api/tokens?limit=${(await objects.addToken()).length}`, status: 200 },
    ],
    'post /api/tokens': () => [
      { path: '/api/tokens', status: 201, body: { role: 'viewer', subject: 'eve', ttl: '30m' } },
    ],
    'delete /api/tokens/{token}': async () => [
      { path: `/api/tokens/${await objects.addToken()}`, status: 200 },
    ],
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
      return [
        {
          path: '/webhooks/sendgrid',
          status: 204,
          body,
          headers: signedEvents(events, JSON.stringify(body)),
        },
      ];
    },
    'get /api/openapi.json': () => [{ path: '/api/openapi.json', status: 200 }],
    'get /api/docs': () => [{ path: '/api/docs', status: 200 }],
    'get /api/docs/style.css': () => [{ path: '/api/docs/style.css', status: 200 }],
    'get /api/docs/try.js': () => [{ path: '/api/docs/try.js', status: 200 }],
  };
}

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

function signedEvents(privateKey: KeyObject, body: string): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = sign('sha256', Buffer.from(timestamp + body), privateKey);
  return {
    'X-Twilio-Email-Event-Webhook-Signature': signature.toString('base64'),
    'X-Twilio-Email-Event-Webhook-Timestamp': timestamp,
  };
}

const unsubscribePath = () =>
  new URL(mailLinks.unsubscribe({ userId: 'user-1', email: 'ada@example.com', kind: 'reminders' })).pathname;
