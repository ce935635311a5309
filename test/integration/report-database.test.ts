import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, type World } from '../support/world.ts';
import { dayMs, figuresOf, insertRows, sampleRows } from './report-data.ts';

const rows = sampleRows(300, '2026-08-25', 90);
const range = { start: '2026-08-25', end: '2026-11-22' };

describe('reports and documents in PostgreSQL', () => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld();
    const soon = (days: number) => new Date(Date.now() + days * dayMs);
    const [sample] = sampleRows(1, '2020-01-01', 1);
    if (sample === undefined) throw new Error('There is one row.');
    await insertRows(world.databaseUrl, [
      ...rows,
      // Another year, so that deadlines relative to today disturb nothing.
      { ...sample, noticeId: 'soon', postedOn: '2020-01-01', responseDeadline: soon(3) },
      { ...sample, noticeId: 'later', postedOn: '2020-01-02', responseDeadline: soon(8) },
      { ...sample, noticeId: 'past', postedOn: '2020-01-20', responseDeadline: soon(-1) },
    ]);
  });
  afterAll(() => world.close());

  it('counts what the rows hold, with each week of the range', async () => {
    const expected = figuresOf(rows);
    const figures = await world.database.reports.figures(range);
    expect(figures).toMatchObject({
      opportunities: 300,
      agencies: expected.agencies,
      awarded: expected.awarded,
      byWeek: expected.byWeek,
    });
    expect(new Map(figures.byAgency.map((row) => [row.agency, row.count]))).toEqual(
      new Map(expected.byAgency.map((row) => [row.agency, row.count])),
    );
    expect(figures.byAgency.map((row) => row.count)).toEqual(expected.byAgency.map((row) => row.count));
    expect(figures.bySetAside.reduce((sum, row) => sum + row.count, 0)).toBe(300);
    expect(figures.byWeek[0]?.week).toBe('2026-08-24');
  });

  it('takes both ends of the range and fills weeks without a posting', async () => {
    const figures = await world.database.reports.figures({ start: '2020-01-01', end: '2020-01-20' });
    expect(figures.byWeek).toEqual([
      { week: '2019-12-30', count: 2 },
      { week: '2020-01-06', count: 0 },
      { week: '2020-01-13', count: 0 },
      { week: '2020-01-20', count: 1 },
    ]);
    expect(figures.closingSoon).toBe(1);
  });

  it('answers a range of nothing, and one of all time without a list of all weeks', async () => {
    expect(await world.database.reports.figures({ start: '1999-01-01', end: '1999-12-31' })).toEqual({
      opportunities: 0,
      agencies: 0,
      closingSoon: 0,
      awarded: { amount: '0.00', currency: 'USD' },
      byAgency: [],
      byWeek: [],
      bySetAside: [],
    });
    const all = await world.database.reports.figures({ start: '0001-01-01', end: '9999-12-31' });
    expect(all.opportunities).toBe(303);
    expect(all.byWeek.reduce((sum, row) => sum + row.count, 0)).toBe(303);
    expect(all.byWeek.length).toBeLessThan(500);
  });

  it('reads the rows in batches, in the order of their posting', async () => {
    const batches = [];
    for await (const batch of world.database.reports.opportunities(range, 128)) batches.push(batch);
    expect(batches.map((batch) => batch.length)).toEqual([128, 128, 44]);
    expect(batches.flat()).toEqual(rows);
  });

  it('keeps one row for a document that is made again', async () => {
    const row = {
      id: 'doc1',
      jobKey: 'document:1',
      userId: 'u1',
      kind: 'report-analytics',
      format: 'pdf',
      title: 'Αναφορά',
      fileName: 'a.pdf',
      contentType: 'application/pdf',
      bytes: 5_000_000_000,
      pages: 3,
      rows: 7,
      sha256: 'a'.repeat(64),
      storageKey: 'reports/doc1.pdf',
    };
    await world.database.documents.save(row);
    const again = { ...row, userId: undefined, pages: undefined, rows: undefined, title: 'Again' };
    await world.database.documents.save(again);
    expect(await world.database.documents.find('doc1')).toEqual({ ...again, createdAt: expect.any(Date) });
    expect((await world.pool.query('select count(*)::int as n from documents')).rows).toEqual([{ n: 1 }]);
    expect(await world.database.documents.find('none')).toBeUndefined();
  });
});
