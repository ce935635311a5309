import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JobSearch } from '../../src/job-index/search.ts';
import { at, openSite, type Site } from '../support/site.ts';

let site: Site;
const added = (n: number) => new Date(Date.UTC(2026, 4, 1, 12, 0, n));

beforeAll(async () => {
  site = await openSite();
  await site.world.database.jobIndex.record(
    [1, 2, 3, 4, 5].map((n) => ({
      queue: 'email',
      jobId: `job-${n}`,
      addedAt: added(n),
      name: 'send-welcome',
      state: n === 3 ? 'failed' : 'completed',
      stateAt: added(n),
      attempts: 1,
      owner: n % 2 === 0 ? 'shop' : undefined,
      correlationId: `request-${n}`,
      error: n === 3 ? { code: 'MAIL_REJECTED', message: 'No such box.' } : undefined,
      payload: JSON.stringify({ type: 'welcome' }),
      content: n === 3 ? 'welcome no such box' : 'welcome',
    })),
  );
});
afterAll(() => site.close());

const found = async (query: string, role: 'viewer' | 'producer' = 'viewer', subject?: string) => {
  const answer = await site.ask('GET', `/api/jobs?${query}`, { token: await site.token(role, subject) });
  const jobs = at(answer.json, 'data.jobs');
  return {
    status: answer.status,
    ids: Array.isArray(jobs) ? jobs.map((job) => at(job, 'id')) : undefined,
    next: at(answer.json, 'data.nextCursor'),
    error: at(answer.json, 'error'),
    jobs,
  };
};

describe('searching jobs over HTTP', () => {
  it('finds them by filters and words, the newest first', async () => {
    expect(await found('')).toMatchObject({
      status: 200,
      ids: ['job-5', 'job-4', 'job-3', 'job-2', 'job-1'],
      next: null,
    });
    expect((await found('state=failed')).jobs).toEqual([
      {
        id: 'job-3',
        queue: 'email',
        name: 'send-welcome',
        state: 'failed',
        attempts: { made: 1 },
        correlationId: 'request-3',
        createdAt: added(3).toISOString(),
        error: { code: 'MAIL_REJECTED', message: 'No such box.' },
      },
    ]);
    const cases = {
      'q=such%20BOX': ['job-3'],
      'q=wel*': ['job-5', 'job-4', 'job-3', 'job-2', 'job-1'],
      'correlationId=request-2': ['job-2'],
      'error=MAIL_REJECTED&queue=email': ['job-3'],
      'owner=shop': ['job-4', 'job-2'],
      'id=job-1&name=send-welcome': ['job-1'],
      [`from=${added(2).toISOString()}&to=${added(4).toISOString()}`]: ['job-3', 'job-2'],
      'queue=sync': [],
    };
    for (const [query, ids] of Object.entries(cases)) expect((await found(query)).ids, query).toEqual(ids);
  });

  it('goes on from page to page', async () => {
    const first = await found('limit=2');
    expect(first).toMatchObject({ ids: ['job-5', 'job-4'], next: expect.any(String) });
    const second = await found(`limit=2&cursor=${first.next}`);
    expect(second.ids).toEqual(['job-3', 'job-2']);
    expect(await found(`limit=2&cursor=${second.next}`)).toMatchObject({ ids: ['job-1'], next: null });
  });

  it('shows producers their own jobs alone', async () => {
    expect((await found('', 'producer', 'shop')).ids).toEqual(['job-4', 'job-2']);
    expect((await found('', 'producer', 'other')).ids).toEqual([]);
    expect((await found('owner=shop', 'producer', 'other')).status).toBe(403);
  });

  it.each([
    'cursor=x',
    'cursor=99999999999999999.1',
    'q=%21%3F',
    'q=ab*',
    'state=lost',
    'from=yesterday',
    'limit=0',
    'nosuch=1',
    `q=${'w%20'.repeat(11)}`,
  ])('refuses %s with the field that is wrong', async (query) => {
    const answer = await found(query);
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({
      code: 'INVALID_REQUEST',
      details: [{ path: expect.stringMatching(/\w/) }],
    });
  });

  it('says how to get it where the index is off', async () => {
    const off = await openSite({ jobSearch: new JobSearch(undefined) });
    try {
      const answer = await off.ask('GET', '/api/jobs', { token: await off.token('viewer') });
      expect([answer.status, at(answer.json, 'error.code')]).toEqual([409, 'JOB_INDEX_OFF']);
      expect(answer.text).toContain('JOB_INDEX');
    } finally {
      await off.close();
    }
  });
});
