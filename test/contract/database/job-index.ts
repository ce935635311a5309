import { expect, it } from 'vitest';
import type { JobFilter, JobSight } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const day = Date.UTC(2026, 4, 1);
const at = (ms: number) => new Date(day + ms);

/** One row for each job, merged of what many processes saw of it. */
export function jobIndex(open: Open): void {
  const sight = (jobId: string, over: Partial<JobSight> = {}): JobSight => ({
    queue: 'email',
    jobId,
    addedAt: at(0),
    name: 'send-welcome',
    state: 'waiting',
    stateAt: at(0),
    ...over,
  });
  const found = async (filter: JobFilter, limit = 50) =>
    (await open().database.jobIndex.search(filter, limit)).map(({ jobId }) => jobId);

  it('merges what was seen of a job, in whatever order it comes', async () => {
    const { jobIndex: index } = open().database;
    const sights: JobSight[] = [
      sight('merged', {
        correlationId: 'c-1',
        owner: 'ada',
        tenant: 'acme',
        parent: 'email/parent',
        rerunOf: 'email/older',
        traceId: 'trace-1',
        maxAttempts: 3,
        dueAt: at(5),
        payload: JSON.stringify({ type: 'welcome', data: { name: 'Ada' } }),
        content: 'welcome ada',
      }),
      sight('merged', { state: 'active', stateAt: at(10), startedAt: at(10), waitMs: 7, attempts: 0 }),
      sight('merged', {
        state: 'delayed',
        stateAt: at(20),
        attempts: 1,
        durationMs: 10,
        error: { code: 'NETWORK', message: 'No answer.' },
        content: 'no answer',
        tries: [
          {
            at: at(10),
            attempt: 1,
            seconds: 0.01,
            outcome: 'retried',
            code: 'NETWORK',
            message: 'No answer.',
          },
        ],
      }),
      sight('merged', { state: 'active', stateAt: at(30), startedAt: at(30), attempts: 1 }),
      sight('merged', {
        state: 'completed',
        stateAt: at(44),
        finishedAt: at(44),
        attempts: 2,
        durationMs: 14,
      }),
    ];
    const expected = {
      queue: 'email',
      jobId: 'merged',
      addedAt: at(0),
      name: 'send-welcome',
      state: 'completed',
      attempts: 2,
      maxAttempts: 3,
      correlationId: 'c-1',
      owner: 'ada',
      tenant: 'acme',
      parent: 'email/parent',
      rerunOf: 'email/older',
      traceId: 'trace-1',
      dueAt: at(5),
      startedAt: at(30),
      finishedAt: at(44),
      waitMs: 7,
      durationMs: 14,
      error: undefined,
      payload: { type: 'welcome', data: { name: 'Ada' } },
      tries: [
        { at: at(10), attempt: 1, seconds: 0.01, outcome: 'retried', code: 'NETWORK', message: 'No answer.' },
      ],
    };
    const orders = [
      [0, 1, 2, 3, 4],
      [4, 3, 2, 1, 0],
      [2, 4, 0, 3, 1],
    ];
    for (const [turn, order] of orders.entries()) {
      const jobId = `merged-${turn}`;
      // The second time in one order is the same as the first: a batch may be written twice.
      for (const n of [...order, ...order])
        await index.record(sights.slice(n, n + 1).map((one) => ({ ...one, jobId })));
      const seq = expect.stringMatching(/^\d+$/);
      expect(await index.find('email', jobId)).toEqual({ ...expected, jobId, seq });
    }
    expect(await found({ tenant: 'acme', words: 'ada & answer' })).toHaveLength(3);
  });

  it('files what was put down like what is recorded, once', async () => {
    const { jobIndex: index } = open().database;
    const when = { addedAt: at(500), stateAt: at(500) };
    await index.stash([
      sight('stashed-1', { ...when, payload: '{"a":[1,"ü"]}', content: 'put down ü' }),
      sight('stashed-2', when),
    ]);
    await index.stash([sight('stashed-1', { ...when, state: 'completed', stateAt: at(510), attempts: 1 })]);
    expect(await found({ words: 'ü & put' })).toEqual([]);
    expect(await index.unwrittenSince()).toBeInstanceOf(Date);
    expect(await index.unstash()).toMatchObject({ sights: 2 });
    expect(await index.unstash()).toMatchObject({ sights: 1 });
    expect(await index.unstash()).toMatchObject({ sights: 0 });
    expect(await index.unwrittenSince()).toBeUndefined();
    expect(await found({ words: 'ü & put' })).toEqual(['stashed-1']);
    expect(await index.find('email', 'stashed-1')).toMatchObject({
      state: 'completed',
      attempts: 1,
      payload: { a: [1, 'ü'] },
    });
    expect(await index.find('email', 'stashed-2')).toMatchObject({ state: 'waiting', tenant: undefined });
  });

  it('keeps texts as they are, whatever marks they hold', async () => {
    const { jobIndex: index } = open().database;
    const marks = `a"b'c\\d,e{f}\tg\n\x1e\x1f h`;
    const odd = [
      sight(marks, { tenant: marks, correlationId: marks, error: { code: 'NETWORK', message: marks } }),
      sight('odd', {
        tenant: marks.replaceAll('\x1e', '').replaceAll('\x1f', ''),
        payload: JSON.stringify({ marks }),
        tries: [],
      }),
    ];
    await index.record(odd.slice(0, 1));
    await index.stash(odd.slice(1));
    while ((await index.unstash()).sights > 0);
    expect(await index.find('email', marks)).toMatchObject({ tenant: marks, error: { message: marks } });
    expect(await index.find('email', 'odd')).toMatchObject({ tenant: odd[1]?.tenant, payload: { marks } });
  });

  it('says for how long what was put down lies', async () => {
    const { database, pool } = open();
    expect(await database.jobIndex.stashAges()).toBeUndefined();
    await database.jobIndex.stash([sight('lies-1')]);
    await pool.query(`update job_stash set put_at = put_at - interval '1 hour'`);
    await database.jobIndex.stash([sight('lies-2')]);
    const { oldestMs = 0, latestMs = 0 } = (await database.jobIndex.stashAges()) ?? {};
    expect(oldestMs).toBeGreaterThanOrEqual(3_600_000);
    expect(oldestMs - latestMs).toBeGreaterThanOrEqual(3_500_000);
    while ((await database.jobIndex.unstash()).sights > 0);
  });

  it('gives a queue to which jobs were left to one reader at a time, when there is time or it has waited for long', async () => {
    const { pool, database } = open();
    const { jobIndex: index } = database;
    await pool.query('truncate job_stash, job_index_left');
    const terms = { busy: false, lateMs: 60_000, deferredMs: 3_600_000, holdMs: 60_000 };
    const left = { queue: 'email', jobs: 3, sorted: false, forMs: 10_000 };
    expect(await index.claimLeft(terms)).toBeUndefined();
    expect(await index.unwrittenSince()).toBeUndefined();
    await index.leave([left, { ...left, queue: 'sync', forMs: 0 }]);
    await index.leave([{ ...left, forMs: 0, sorted: true }]);
    expect((await index.unwrittenSince())?.getTime()).toBeLessThan(Date.now() - 5_000);
    // Somebody has left jobs just now, and has no time.
    expect(await index.claimLeft(terms)).toBeUndefined();
    const now = { ...terms, lateMs: 0 };
    expect(await index.claimLeft({ ...now, busy: true })).toBeUndefined();
    const first = await index.claimLeft({ ...now, busy: true, deferredMs: 5_000 });
    expect(first).toMatchObject({ queue: 'email', sorted: true, busy: true });
    expect(first?.sinceMs).toBeGreaterThanOrEqual(10_000);
    expect(await index.holdLeft('email', 60_000, 0)).toBe(false);
    expect(await index.holdLeft('email', 60_000, 3_600_000)).toBe(true);
    const second = await index.claimLeft(now);
    expect(second).toMatchObject({ queue: 'sync', sorted: false, busy: false });
    expect(await index.claimLeft(now)).toBeUndefined();

    // More was left while the first was read, and nothing while the second was.
    await index.leave([{ ...left, forMs: 0 }]);
    await index.releaseLeft('email', first?.latest);
    await index.releaseLeft('sync', second?.latest);
    const again = await index.claimLeft(now);
    expect(again).toMatchObject({ queue: 'email' });
    expect(again?.sinceMs).toBeLessThan(first?.sinceMs ?? 0);
    expect(await index.claimLeft(now)).toBeUndefined();
    // One that was not read to its end is there for the next, as is one whose reader has died.
    await index.releaseLeft('email', undefined);
    expect(await index.claimLeft({ ...now, holdMs: 0 })).toMatchObject({ latest: again?.latest });
    await index.releaseLeft('email', (await index.claimLeft(now))?.latest);
    expect(await index.unwrittenSince()).toBeUndefined();
  });

  it.each(['record', 'stash'] as const)(
    'writes what it can of a batch on %s, and names the rest',
    async (how) => {
      const { jobIndex: index } = open().database;
      const id = (n: string) => `${how}-${n}`;
      const nul = { code: 'NETWORK', message: 'a\0b' };
      const refused = await index[how]([
        sight(id('before'), { tenant: 'a\0b', error: nul }),
        sight(id('odd'), { tenant: 'a\0\x1fb', error: nul }),
        sight(id('after')),
      ]);
      expect(refused).toEqual([]);
      // JSON that no jsonb can be; the separator sends it to the statement that reads JSON at once, on both ways.
      const bad = sight(id('bad'), { tenant: '\x1f', payload: '{"a":"\\u0000"}' });
      expect(await index[how]([sight(id('first')), bad, sight(id('last'))])).toEqual([bad]);
      while ((await index.unstash()).sights > 0);
      expect(await index.find('email', id('before'))).toMatchObject({
        tenant: 'a b',
        error: { message: 'a b' },
      });
      expect(await index.find('email', id('odd'))).toMatchObject({ tenant: 'a \x1fb' });
      for (const n of ['after', 'first', 'last']) expect(await index.find('email', id(n))).toBeDefined();
      expect(await index.find('email', id('bad'))).toBeUndefined();
    },
  );

  it('lets a batch go that cannot be read, so that it is not in the way of others', async () => {
    const { database, pool } = open();
    await pool.query(`insert into job_stash (sights, jobs) values (3, 'nonsense')`);
    await database.jobIndex.stash([sight('after-nonsense')]);
    expect(await database.jobIndex.unstash()).toMatchObject({ sights: 3 });
    expect(await database.jobIndex.unstash()).toMatchObject({ sights: 1 });
    expect(await database.jobIndex.find('email', 'after-nonsense')).toBeDefined();
  });

  it('takes a job that was let go again for one that waits, and tells a later job of the same id from it', async () => {
    const { jobIndex: index } = open().database;
    await index.record([
      sight('again', {
        state: 'failed',
        stateAt: at(50),
        finishedAt: at(50),
        error: { code: 'X', message: 'no' },
      }),
    ]);
    await index.record([sight('again', { state: 'waiting', stateAt: at(60) })]);
    expect(await index.find('email', 'again')).toMatchObject({
      state: 'waiting',
      finishedAt: undefined,
      error: undefined,
    });
    await index.record([sight('again', { addedAt: at(90), stateAt: at(90), name: 'send-reminder' })]);
    expect(await index.find('email', 'again')).toMatchObject({ addedAt: at(90), name: 'send-reminder' });
    expect(await found({ id: 'again' })).toEqual(['again', 'again']);
  });

  it('finds jobs by each filter, and by several', async () => {
    const { jobIndex: index } = open().database;
    await index.record([
      sight('f-1', {
        queue: 'sync',
        name: 'refresh-analytics',
        addedAt: at(1_001),
        correlationId: 'c-9',
        content: 'größe 4711 a b example',
      }),
      sight('f-2', {
        queue: 'sync',
        name: 'cleanup-data',
        addedAt: at(1_002),
        state: 'failed',
        error: { code: 'NETWORK', message: 'away' },
        content: 'größer 4711 away',
      }),
      sight('f-3', {
        queue: 'sync',
        name: 'cleanup-data',
        addedAt: at(1_003),
        owner: 'bob',
        parent: 'sync/f-1',
        state: 'completed',
      }),
      sight('f-4', {
        queue: 'sync',
        name: 'cleanup-data',
        addedAt: at(1_004),
        owner: 'bob',
        tenant: 't-4',
        rerunOf: 'sync/f-3',
      }),
    ]);
    const cases: [JobFilter, string[]][] = [
      [{ queue: 'sync' }, ['f-4', 'f-3', 'f-2', 'f-1']],
      [{ queue: 'sync', name: 'cleanup-data' }, ['f-4', 'f-3', 'f-2']],
      [{ queue: 'sync', state: 'failed' }, ['f-2']],
      [{ queue: 'sync', state: 'completed' }, ['f-3']],
      [{ id: 'f-1' }, ['f-1']],
      [{ correlationId: 'c-9' }, ['f-1']],
      [{ owner: 'bob' }, ['f-4', 'f-3']],
      [{ tenant: 't-4' }, ['f-4']],
      [{ parent: 'sync/f-1' }, ['f-3']],
      [{ rerunOf: 'sync/f-3' }, ['f-4']],
      [{ queue: 'sync', errorCode: 'NETWORK' }, ['f-2']],
      [{ queue: 'sync', from: at(1_002), until: at(1_004) }, ['f-3', 'f-2']],
      [{ words: 'größe & 4711' }, ['f-1']],
      [{ words: 'größ:* & 4711' }, ['f-2', 'f-1']],
      [{ words: 'b & example' }, ['f-1']],
      [{ words: 'away', owner: 'bob' }, []],
    ];
    for (const [filter, jobs] of cases) expect(await found(filter), JSON.stringify(filter)).toEqual(jobs);
  });

  it('pages through jobs of one millisecond without a gap', async () => {
    const { jobIndex: index } = open().database;
    const ids = Array.from({ length: 25 }, (_, n) => `p-${n}`);
    await index.record(ids.map((jobId) => sight(jobId, { queue: 'document', addedAt: at(2_000) })));
    const seen: string[] = [];
    let before: JobFilter['before'];
    for (let page = 0; page < 4; page++) {
      const jobs = await index.search({ queue: 'document', before }, 10);
      seen.push(...jobs.map(({ jobId }) => jobId));
      before = jobs.at(-1);
    }
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen).toHaveLength(ids.length);
  });

  it('finds a rare word behind many newer jobs', async () => {
    const { database, pool } = open();
    await database.jobIndex.record([
      sight('rare', { addedAt: at(-5_000), content: 'needle' }),
      sight('old-hay', {
        addedAt: at(-6_000),
        queue: 'hay',
        name: `it's \\ "hay" & more`,
        content: 'needle pin',
      }),
    ]);
    await pool.query(`insert into job_index (job_id, queue, added_at, name, state, state_at, words)
      select 'hay-' || n, 'hay', now(), 'hay', 'completed', now(), job_words_of('hay', 'hay', 'hay') from generate_series(1, 10050) n`);
    expect(await found({ words: 'needle' })).toEqual(['rare', 'old-hay']);
    expect(await found({ words: 'needle', queue: 'hay' })).toEqual(['old-hay']);
    expect(await found({ words: 'needle', name: `it's \\ "hay" & more` })).toEqual(['old-hay']);
    expect(await found({ words: 'needle', queue: 'hay', name: 'hay' })).toEqual([]);
    expect(await found({ words: 'hay' }, 3)).toHaveLength(3);
    await pool.query(`delete from job_index where queue = 'hay'`);
  });

  it('says which jobs of a queue it does not know, or knows otherwise', async () => {
    const { jobIndex: index } = open().database;
    const known = sight('g-1', { state: 'completed', attempts: 1, payload: '{}' });
    await index.record([known, sight('g-2', { attempts: 0, payload: '{}' }), sight('g-3')]);
    const shown = { queue: 'email', addedAt: at(0), attempts: 1 } as const;
    expect(
      await index.gaps([
        { ...shown, jobId: 'g-1', state: 'completed' },
        { ...shown, jobId: 'g-2', state: 'completed' },
        { ...shown, jobId: 'g-3', state: 'waiting', attempts: 0 },
        { ...shown, jobId: 'g-1', addedAt: at(1), state: 'completed' },
      ]),
    ).toEqual([1, 2, 3]);
    expect(await index.gaps([])).toEqual([]);
  });

  it('lists what has been unsettled for a while, the oldest first, page by page', async () => {
    const { jobIndex: index } = open().database;
    const base = -100_000;
    await index.record(
      [1, 2, 3].map((n) => sight(`u-${n}`, { addedAt: at(base + n), state: 'active', stateAt: at(base) })),
    );
    await index.record([sight('u-4', { addedAt: at(base), state: 'active', stateAt: at(base + 900) })]);
    const first = await index.unsettled(['active'], at(base + 500), undefined, 2);
    expect(first.map(({ jobId, state, name }) => [jobId, state, name])).toEqual([
      ['u-1', 'active', 'send-welcome'],
      ['u-2', 'active', 'send-welcome'],
    ]);
    const rest = await index.unsettled(['active'], at(base + 500), first[1], 2);
    expect(rest.map(({ jobId }) => jobId)).toEqual(['u-3']);
  });

  it('forgets old jobs that have ended, some at a time', async () => {
    const { database, pool } = open();
    const { jobIndex: index } = database;
    const old = new Date(Date.now() - 400 * 86_400_000);
    await index.record([
      ...['o-1', 'o-2', 'o-3'].map((jobId) => sight(jobId, { addedAt: old, state: 'completed' })),
      sight('o-waits', { addedAt: old }),
    ]);
    expect(await index.forget(399, 2)).toBe(2);
    expect(await index.forget(399, 2)).toBe(1);
    expect(await index.forget(399, 2)).toBe(0);
    const { rows } = await pool.query(`select job_id from job_index where job_id like 'o-%'`);
    expect(rows).toEqual([{ job_id: 'o-waits' }]);
  });
}
