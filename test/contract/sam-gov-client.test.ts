import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { createSamGov, type SamGovOptions } from '../../src/integrations/sam-gov/client.ts';
import type { OpportunityQuery } from '../../src/integrations/sam-gov/port.ts';
import {
  type SamGovSandbox,
  type SandboxOptions,
  startSamGovSandbox,
} from '../../src/sample/sam-gov-sandbox.ts';
import type { SandboxFault } from '../../src/sample/sandbox-faults.ts';

const apiKey = 'SAM-2f0c/41+9d e8-secret';
const noon = new Date('2026-04-16T12:00:00Z');
const query: OpportunityQuery = { from: '2026-01-01', to: '2026-01-31', page: 0, pageSize: 3 };
const notices = Array.from({ length: 7 }, (_, index) => ({
  noticeId: `n${index}`,
  title: `Notice ${index}`,
  postedDate: `2026-01-0${index + 1}`,
}));

let sandbox: SamGovSandbox;
afterEach(() => sandbox.close());

async function open(options: Partial<SamGovOptions> = {}, served: Partial<SandboxOptions> = {}) {
  sandbox = await startSamGovSandbox({
    opportunities: notices,
    apiKey,
    host: '127.0.0.1',
    now: () => noon,
    ...served,
  });
  return createSamGov({ apiKey, baseUrl: sandbox.url, minIntervalMs: 0, now: () => noon, ...options });
}

const never = new AbortController().signal;

async function failure(work: Promise<unknown>): Promise<MillraceError> {
  const error = await work.then(
    () => new Error('It succeeded.'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MillraceError)) throw error;
  // Whatever goes wrong, the key is nowhere in what may be logged or stored.
  const shown = `${inspect(error, { depth: 9, showHidden: true })} ${error.stack}`;
  for (const form of [apiKey, encodeURIComponent(apiKey), '2f0c', 'e8-secret'])
    expect(shown).not.toContain(form);
  return error;
}

async function failureOf(fault: SandboxFault, options: Partial<SamGovOptions> = {}): Promise<MillraceError> {
  const client = await open(options);
  sandbox.script(fault);
  return failure(client.searchOpportunities(query, never));
}

const status = (code: number, body = '', headers: Record<string, string> = {}): SandboxFault => ({
  kind: 'status',
  status: code,
  body,
  headers,
});

describe('a search', () => {
  it('asks for its page by index, with limit and American dates, and reads it', async () => {
    const client = await open();
    const page = await client.searchOpportunities({ ...query, page: 1 }, never);
    expect(page.totalRecords).toBe(7);
    expect(page.records).toMatchObject([{ noticeId: 'n3' }, { noticeId: 'n2' }, { noticeId: 'n1' }]);
    expect(sandbox.log).toEqual([
      {
        path: '/opportunities/v2/search',
        parameters: { postedFrom: '01/01/2026', postedTo: '01/31/2026', limit: '3', offset: '1' },
        outcome: 200,
      },
    ]);
  });

  it('works with an address that ends in /prod/', async () => {
    await open();
    const client = createSamGov({ apiKey, baseUrl: `${sandbox.url}/prod/`, minIntervalMs: 0 });
    expect((await client.searchOpportunities(query, never)).records).toHaveLength(3);
  });

  it('takes "no data" for an empty page and a wrong address for a fault', async () => {
    const client = await open();
    sandbox.script(status(404, '{"errorMessage":"No data found"}'), status(404, '<h1>Not Found</h1>'));
    expect(await client.searchOpportunities(query, never)).toEqual({ totalRecords: 0, records: [] });
    expect(await failure(client.searchOpportunities(query, never))).toMatchObject({ code: 'SYNC_REJECTED' });
  });

  it('takes the key out of the links of a page', async () => {
    const link = `https://sam.gov/x?api_key=${encodeURIComponent(apiKey)}&token=`;
    const client = await open({}, { opportunities: [{ ...notices[0], resourceLinks: [link] }] });
    const { records } = await client.searchOpportunities(query, never);
    expect(records).toMatchObject([{ resourceLinks: ['https://sam.gov/x?api_key=[redacted]&token='] }]);
  });

  it('keeps its requests apart', async () => {
    const client = await open({ minIntervalMs: 40 });
    const began = performance.now();
    await Promise.all([1, 2, 3].map(() => client.searchOpportunities(query, never)));
    expect(performance.now() - began).toBeGreaterThanOrEqual(79);
  });
});

describe('a refusal', () => {
  it('of the key is not retried and tells to rotate it', async () => {
    const client = await open({}, { apiKey: 'another' });
    const error = await failure(client.searchOpportunities(query, never));
    expect(error).toMatchObject({ code: 'SYNC_UNAUTHORIZED', retryable: false });
    expect(error.message).toContain('API_KEY_INVALID An invalid api_key was supplied');
    expect(error.message).not.toContain('<');
  });

  it.each([
    [status(401, '{"message":"no"}'), 'SYNC_UNAUTHORIZED', false],
    [status(400, '{"errorMessage":"An invalid api_key was supplied"}'), 'SYNC_UNAUTHORIZED', false],
    [status(400, `{"message":"bad ?api_key=${apiKey}"}`), 'SYNC_REJECTED', false],
    [status(400, '{"error":{"message":"inner"}}'), 'SYNC_REJECTED', false],
    [status(400, `{"message":"bad key ${apiKey.replaceAll('/', '\\/')}"}`), 'SYNC_REJECTED', false],
    [status(406, ''), 'SYNC_REJECTED', false],
    [status(500, `<html>${encodeURIComponent(apiKey)}</html>`), 'SYNC_UNAVAILABLE', true],
    [status(503, ''), 'SYNC_UNAVAILABLE', true],
    [status(302, '', { location: `https://elsewhere.example/?api_key=x` }), 'SYNC_UNAVAILABLE', true],
    [status(200, '{"totalRecords":'), 'SYNC_UNAVAILABLE', true],
    [status(200, '<html>Maintenance</html>', { 'content-type': 'text/html' }), 'SYNC_UNAVAILABLE', true],
    [{ kind: 'reset' }, 'SYNC_UNAVAILABLE', true],
    [{ kind: 'cut' }, 'SYNC_UNAVAILABLE', true],
  ] as const satisfies readonly (readonly [SandboxFault, string, boolean])[])(
    '%j is %s',
    async (fault, code, retryable) => {
      expect(await failureOf(fault)).toMatchObject({ code, retryable });
    },
  );

  it('has a message of its own, cut to size', async () => {
    const error = await failureOf(status(400, JSON.stringify({ message: 'x'.repeat(9_000) })));
    expect(error.message).toContain('xxx');
    expect(error.message.length).toBeLessThan(600);
  });

  it('for malformed dates comes through from the service', async () => {
    const client = await open();
    const error = await failure(client.searchOpportunities({ ...query, to: '2027-06-01' }, never));
    expect(error).toMatchObject({ code: 'SYNC_REJECTED' });
    expect(error.message).toContain('Date range must be no more than 1 year apart');
  });
});

describe('a 429', () => {
  it('waits for nextAccessTime', async () => {
    const client = await open({}, { dailyLimit: 1 });
    await client.searchOpportunities(query, never);
    const error = await failure(client.searchOpportunities(query, never));
    expect(error).toMatchObject({ code: 'SYNC_RATE_LIMITED', retryAfterMs: 12 * 3_600_000 });
    expect(error.message).toContain('Message throttled out');
    expect(error.message).toContain('2026-04-17T00:00:00.000Z');
  });

  it.each([
    [status(429, '{}', { 'retry-after': '90' }), 90_000],
    [status(429, '{"nextAccessTime":"later"}', { 'retry-after': 'Thu, 16 Apr 2026 12:05:00 GMT' }), 300_000],
    [status(429, '<html>slow down</html>'), 12 * 3_600_000],
    [status(429, '{"nextAccessTime":"2026-Apr-16 11:59:00+0000 UTC"}'), 1_000],
    [status(429, '{"nextAccessTime":"2036-Apr-16 00:00:00+0000 UTC"}'), 48 * 3_600_000],
  ] as const)('%j waits for %d ms', async (fault, retryAfterMs) => {
    expect(await failureOf(fault)).toMatchObject({ code: 'SYNC_RATE_LIMITED', retryAfterMs });
  });
});

describe('a service that does not answer', () => {
  it.each([{ kind: 'hang' }, { kind: 'hang-in-body' }] as const)(
    'in time (%j) is asked again',
    async (fault) => {
      const error = await failureOf(fault, { timeoutMs: 60 });
      expect(error).toMatchObject({ code: 'SYNC_UNAVAILABLE', retryable: true });
      expect(error.message).toContain('60 ms');
    },
  );

  it('is left when the caller aborts, with the caller’s reason', async () => {
    const client = await open();
    sandbox.script({ kind: 'hang' });
    const caller = new AbortController();
    const search = client.searchOpportunities(query, caller.signal);
    await sandbox.arrival(1);
    const reason = new MillraceError('JOB_ABORTED', 'The worker stops.');
    caller.abort(reason);
    expect(await failure(search)).toBe(reason);
    expect(await failure(client.searchOpportunities(query, caller.signal))).toBe(reason);
    expect(sandbox.requests).toBe(1);
  });

  it('while waiting for its turn is left too', async () => {
    const client = await open({ minIntervalMs: 60_000 });
    await client.searchOpportunities(query, never);
    const caller = new AbortController();
    const search = client.searchOpportunities(query, caller.signal);
    const reason = new MillraceError('JOB_TIMEOUT', 'Too long.');
    caller.abort(reason);
    expect(await failure(search)).toBe(reason);
    expect(sandbox.requests).toBe(1);
  });

  it('since nothing listens there, names the network’s code', async () => {
    const client = await open();
    await sandbox.close();
    const error = await failure(client.searchOpportunities(query, never));
    expect(error.code).toBe('SYNC_UNAVAILABLE');
    expect(error.cause).toBeUndefined();
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('but with more than a page may have is cut off', async () => {
    const error = await failureOf(status(200, `{"pad":"${'x'.repeat(200_000)}"}`), { maxBytes: 10_000 });
    expect(error).toMatchObject({ code: 'SYNC_UNAVAILABLE' });
    expect(error.message).toContain('10000 bytes');
  });
});
