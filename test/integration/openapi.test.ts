import { generateKeyPairSync } from 'node:crypto';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { apiCalls, type Call, type Calls } from '../support/api-calls.ts';
import { ApiDocument } from '../support/api-document.ts';
import { apiObjects } from '../support/api-objects.ts';
import { recordMounts } from '../support/mounted-routes.ts';
import { type Answer, ask, at, openSite, type Site } from '../support/site.ts';

/**
 * Holds the document against the platform: every operation is called, well and badly, and every answer must be as the
 * document says. A new operation needs a line in `apiCalls`.
 */
const api = new ApiDocument();
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let site: Site;
let token: string;
let calls: Calls;
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
  calls = apiCalls(site, token, apiObjects(site, token), privateKey);
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
    const routes = mounted().filter((name) => !/ \/admin(\/|\*|$)/.test(name));
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
