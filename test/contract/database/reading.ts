import { beforeAll, expect, it } from 'vitest';
import type { ExportQuery, ExportRow, ReportRow } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const range = { start: '2010-01-04', end: '2010-01-10' };

async function all<T>(batches: AsyncIterable<readonly T[]>): Promise<{ sizes: number[]; rows: T[] }> {
  const sizes: number[] = [];
  const rows: T[] = [];
  for await (const batch of batches) {
    sizes.push(batch.length);
    rows.push(...batch);
  }
  return { sizes, rows };
}

export function reading(open: Open): void {
  beforeAll(async () => {
    const { database, pool } = open();
    await database.users.upsert([
      { id: 'reader', email: 'r@example.org', name: 'R', company: undefined },
      { id: 'other', email: 'o@example.org', name: 'O', company: undefined },
    ]);
    await pool.query(
      `insert into opportunities (notice_id, title, agency, set_aside, posted_on, response_deadline, award_amount, active, raw, content_hash)
       select 'r' || lpad(n::text, 5, '0'), 'Title "' || n || '", ü', case when n % 3 = 0 then null else 'Agency ' || n % 3 end,
              case when n % 2 = 0 then 'SBA' end, date '2010-01-04' + n % 7,
              timestamptz '2010-01-11 17:00:00.25+00' + n % 10 * interval '1 day',
              case when n = 1 then 9007199254740993.07 when n = 2 then 0.01 end, n % 5 <> 0, '{}', 'x'
       from generate_series(1, 1300) n`,
    );
    await pool.query(`insert into saved_opportunities (user_id, notice_id) values ('reader', 'r01204')`);
    const proposal = {
      noticeId: 'r00001',
      title: 'Bid',
      currency: 'USD',
      dueOn: undefined,
      decidedOn: undefined,
      updatedAt: new Date('2010-01-05T12:00:00Z'),
    };
    await database.proposals.upsert([
      { ...proposal, id: 'b1', userId: 'reader', status: 'draft', amount: '10.10', submittedOn: undefined },
      {
        ...proposal,
        id: 'b2',
        userId: 'reader',
        status: 'submitted',
        amount: '0.20',
        submittedOn: '2010-01-06',
      },
      {
        ...proposal,
        id: 'b3',
        userId: 'reader',
        status: 'submitted',
        amount: undefined,
        submittedOn: '2010-01-07',
      },
      { ...proposal, id: 'b4', userId: 'other', status: 'submitted', amount: '5', submittedOn: '2010-01-07' },
    ]);
  });

  it('adds up a range to the cent', async () => {
    const figures = await open().database.reports.figures(range);
    expect(figures).toMatchObject({
      opportunities: 1_300,
      agencies: 2,
      closingSoon: 0,
      awarded: { amount: '9007199254740993.08', currency: 'USD' },
      byWeek: [{ week: '2010-01-04', count: 1_300 }],
      bySetAside: [
        { setAside: 'Not stated', count: 650 },
        { setAside: 'SBA', count: 650 },
      ],
    });
    expect(figures.byAgency).toEqual([
      { agency: 'Agency 1', count: 434 },
      { agency: 'Agency 2', count: 433 },
      { agency: 'Not stated', count: 433 },
    ]);
  });

  it('lists weeks without a posting', async () => {
    const figures = await open().database.reports.figures({ start: '2009-12-28', end: '2010-01-17' });
    expect(figures.byWeek.map(({ count }) => count)).toEqual([0, 1_300, 0]);
    const none = await open().database.reports.figures({ start: '1950-01-01', end: '1950-02-01' });
    expect(none).toMatchObject({ opportunities: 0, byWeek: [], byAgency: [], awarded: { amount: '0.00' } });
  });

  it('gives every row of a range once, in order, in batches', async () => {
    const { rows, sizes } = await all<ReportRow>(open().database.reports.opportunities(range, 500));
    expect(sizes).toEqual([500, 500, 300]);
    const ids = rows.map(({ postedOn, noticeId }) => `${postedOn} ${noticeId}`);
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(1_300);
    expect(rows.find(({ noticeId }) => noticeId === 'r00001')).toEqual({
      noticeId: 'r00001',
      title: 'Title "1", ü',
      agency: 'Agency 1',
      noticeType: undefined,
      setAside: undefined,
      naics: undefined,
      postedOn: '2010-01-05',
      responseDeadline: new Date('2010-01-12T17:00:00.250Z'),
      awardAmount: '9007199254740993.07',
      url: undefined,
    });
    expect((await all(open().database.reports.opportunities(range, 10_000))).sizes).toEqual([1_300]);
    expect(
      (await all(open().database.reports.opportunities({ start: '1950-01-01', end: '1950-01-01' }, 10))).rows,
    ).toEqual([]);
  });

  it('reports on a user’s proposals and on no other’s', async () => {
    const figures = await open().database.reports.proposals('reader', range, 2);
    expect(figures).toMatchObject({
      total: 3,
      byStatus: [
        { status: 'submitted', currency: 'USD', count: 2, amount: '0.20' },
        { status: 'draft', currency: 'USD', count: 1, amount: '10.10' },
      ],
      submittedByWeek: [{ week: '2010-01-04', count: 2 }],
    });
    expect(figures.rows.map(({ id, agency }) => [id, agency])).toEqual([
      ['b1', 'Agency 1'],
      ['b2', 'Agency 1'],
    ]);
    expect(await open().database.reports.proposals('nobody', range, 2)).toMatchObject({ total: 0, rows: [] });
  });

  it('tells a user’s week, saved ones first', async () => {
    const week = await open().database.reports.week('reader', range, 3);
    expect(week).toMatchObject({
      newOpportunities: 1_300,
      openProposals: 3,
      submittedProposals: 2,
      closing: 650,
      closingSaved: 1,
    });
    expect(week.newRows.map(({ noticeId, saved }) => [noticeId, saved])).toEqual([
      ['r01204', true],
      ['r00006', false],
      ['r00013', false],
    ]);
    expect(week.closingRows).toHaveLength(3);
    expect(week.closingRows[0]).toMatchObject({ noticeId: 'r01204', saved: true });
    expect(week.postedByWeek).toHaveLength(8);
    expect(week.postedByWeek.at(-1)).toEqual({ week: '2010-01-04', count: 1_300 });
    expect(week.newByAgency[0]).toEqual({ agency: 'Agency 1', count: 434 });
    expect(week.proposalRows).toHaveLength(3);
  });

  it('gives the subscribers of the weekly report, without those who must not be mailed', async () => {
    const { database, pool } = open();
    await pool.query(
      `insert into users (id, email, name, wants_reports)
       select 'week-' || n, 'Week-' || n || '@example.org', 'W', n <> 4 from generate_series(1, 5) n`,
    );
    await pool.query(
      `insert into email_suppressions (email, reason) values ('week-2@example.org', 'bounced')`,
    );
    await pool.query(
      `insert into documents (id, job_key, kind, format, title, file_name, content_type, bytes, sha256, storage_key)
       values ('week-doc', 'w:week-3', 'k', 'f', 't', 'n', 'c', 1, 's', 'week.pdf')`,
    );
    const page = { after: 'week-', limit: 2, keyPrefix: 'w:' };
    expect(await database.reports.weeklySubscribers(page)).toEqual([
      { userId: 'week-1', email: 'Week-1@example.org', made: false },
      { userId: 'week-3', email: 'Week-3@example.org', made: true },
    ]);
    const rest = await database.reports.weeklySubscribers({ ...page, after: 'week-3' });
    expect(rest.map(({ userId }) => userId)).toEqual(['week-5']);
  });

  const query: ExportQuery = {
    dataset: 'opportunities',
    columns: ['notice_id', 'active', 'posted_on', 'response_deadline', 'award_amount', 'set_aside'],
    filters: [
      { column: 'posted_on', is: 'from', values: ['2010-01-04'] },
      { column: 'posted_on', is: 'to', values: ['2010-01-10'] },
    ],
    userId: 'reader',
  };
  const read = async (asked: ExportQuery, size = 500) => {
    const rows: ExportRow[] = [];
    const totals = new Set<number>();
    for await (const batch of open().database.exports.rows(asked, size)) {
      totals.add(batch.total);
      rows.push(...batch.rows);
    }
    return { rows, totals: [...totals] };
  };

  it('exports rows as PostgreSQL writes them, each once', async () => {
    const { rows, totals } = await read(query);
    expect(totals).toEqual([1_300]);
    expect(new Set(rows.map(([id]) => id)).size).toBe(1_300);
    expect(rows.find(([id]) => id === 'r00001')).toEqual([
      'r00001',
      't',
      '2010-01-05',
      '2010-01-12 17:00:00.25+00',
      '9007199254740993.07',
      null,
    ]);
    expect(rows.find(([id]) => id === 'r00005')?.[1]).toBe('f');
  });

  it('exports what the filters say, whatever their values hold', async () => {
    const any = (column: string, ...values: string[]) => ({ column, is: 'any' as const, values });
    const inactive = await read({ ...query, filters: [...query.filters, any('active', 'false')] });
    expect(inactive.totals).toEqual([260]);
    const odd = [any('title', `x'); drop table users; --`, 'Title "7", ü')];
    expect((await read({ ...query, filters: odd })).rows.map(([id]) => id)).toEqual(['r00007']);
    const wrong = read({ ...query, columns: ['title"; drop table users; --'] });
    await expect(wrong).rejects.toThrow();
  });

  it('exports a user’s own proposals only, and lists as JSON', async () => {
    const proposals = await read(
      { ...query, dataset: 'proposals', columns: ['id', 'amount'], filters: [] },
      2,
    );
    expect(proposals.rows).toEqual([
      ['b1', '10.10'],
      ['b2', '0.20'],
      ['b3', null],
    ]);
    await open().database.stories.create({
      id: 'export',
      title: 'T',
      content: 'C',
      sectorTag: undefined,
      impactTags: ['a,b', '"'],
      hypeScore: 1,
      ethicsScore: 2.5,
      jobId: 'j',
    });
    const filters = [{ column: 'id', is: 'any' as const, values: ['export'] }];
    const stories = await read({
      ...query,
      dataset: 'stories',
      columns: ['impact_tags', 'ethics_score'],
      filters,
    });
    expect(stories.rows).toEqual([['["a,b","\\""]', '2.50']]);
  });

  it('stops an export with the signal’s reason', async () => {
    const controller = new AbortController();
    const reason = new Error('Enough.');
    const reading = (async () => {
      for await (const _ of open().database.exports.rows(query, 100, controller.signal))
        controller.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
  });
}
