import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dispatchWeeklyReports } from '../../processors/document/dispatch-weekly-reports.ts';
import { generateReport } from '../../processors/document/generate-report.ts';
import { documentQueue } from '../../queues/document.ts';
import type { Payload } from '../../queues/index.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import { Events } from '../../src/observability/events.ts';
import { makeSample } from '../../src/sample/index.ts';
import type { FollowUp } from '../../src/worker/context.ts';
import { createWorld, type World } from '../support/world.ts';
import { insertRows, sampleRows } from './report-data.ts';
import { overlaps, parseCsv, readPdf } from './report-files.ts';

type Request = Payload<'document', 'generate-report'>['data'];

const { users, proposals } = makeSample({ asOf: new Date('2026-11-22T12:00:00Z') });
const user = users.find(({ id }) =>
  proposals.some(({ userId, status }) => userId === id && status === 'draft'),
);
if (user === undefined) throw new Error('There are users.');
const rows = sampleRows(320, '2026-08-25', 90);
const own = proposals.filter(({ userId }) => userId === user.id);
const quiet = () => undefined;

describe('a user’s reports', () => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld();
    await insertRows(world.databaseUrl, rows);
    await world.database.users.upsert(users);
    await world.database.proposals.upsert(proposals);
    await world.pool.query(
      'insert into saved_opportunities (user_id, notice_id) select $1, notice_id from opportunities where posted_on = $2 limit 1',
      [user.id, '2026-11-18'],
    );
  });
  afterAll(() => world.close());

  async function run(data: Omit<Request, 'userId'>, userId = user?.id ?? '') {
    const payload = { type: 'generate-report' as const, data: { userId, ...data } };
    const result = await generateReport.run({
      job: { ...job, key: JSON.stringify(data) + userId },
      type: payload.type,
      data: payload.data,
      payload,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      signal: new AbortController().signal,
      progress: quiet,
      addJob: async () => ({ id: 'mail1' }),
      addJobs: async () => [],
      services: {
        database: world.database,
        storage: createLocalStorage({ dir: join(world.dataDir, 'files') }),
        events: new Events(),
      },
    });
    expect(documentQueue.jobs['generate-report'].result.parse(result)).toEqual(result);
    return { result, bytes: await readFile(join(world.dataDir, 'files', result.storageKey)) };
  }
  const job = {
    id: '1',
    queue: 'document',
    name: 'generate-report',
    attempt: 1,
    maxAttempts: 3,
    key: '',
    correlationId: 'c1',
  };
  const dateRange = { start: '2026-08-25', end: '2026-11-22' };
  const week = { start: '2026-11-16', end: '2026-11-22' };

  it('keeps proposals as they were given', async () => {
    for (const proposal of own) expect(await world.database.proposals.find(proposal.id)).toEqual(proposal);
    expect(await world.database.proposals.find('none')).toBeUndefined();
  });

  it('counts a user’s own proposals only', async () => {
    const figures = await world.database.reports.proposals(user.id, dateRange, 100);
    expect(figures.total).toBe(own.length);
    expect(figures.rows.map(({ id }) => id).toSorted()).toEqual(own.map(({ id }) => id).toSorted());
    expect(figures.submittedByWeek.reduce((sum, { count }) => sum + count, 0)).toBe(
      own.filter(({ submittedOn }) => submittedOn !== undefined).length,
    );
    const limited = await world.database.reports.proposals(user.id, dateRange, 1);
    expect(limited).toMatchObject({ total: own.length, rows: [figures.rows[0]] });
  });

  it('makes proposals as PDF, workbook and CSV', async () => {
    const pdf = await readPdf((await run({ reportType: 'proposals', format: 'pdf', dateRange })).bytes);
    expect(pdf.bookmarks).toEqual([
      'Proposals report',
      'Summary',
      'How they stand',
      'Over time',
      'By status',
      'Proposals',
    ]);
    expect(pdf.tags.filter(({ role }) => role === 'Figure')).toHaveLength(2);
    for (const page of pdf.pages) expect(overlaps(page)).toEqual([]);

    const { result, bytes } = await run({ reportType: 'proposals', format: 'xlsx', dateRange });
    const book = new ExcelJS.Workbook();
    await book.xlsx.load(Uint8Array.from(bytes).buffer);
    expect(book.worksheets.map(({ name }) => name)).toEqual(['Summary', 'By status', 'Proposals']);
    expect(book.getWorksheet('Proposals')?.rowCount).toBe(own.length + 1);
    expect(result.fileName).toBe('proposals-report-2026-08-25-to-2026-11-22.xlsx');

    const csv = (await run({ reportType: 'proposals', format: 'csv', dateRange })).bytes.toString();
    const [header, ...records] = parseCsv(csv.slice(1));
    expect(header).toEqual(['Title', 'Agency', 'Status', 'Due', 'Submitted', 'Amount', 'Currency']);
    expect(records.map(([title]) => title).toSorted()).toEqual(own.map(({ title }) => title).toSorted());
  });

  it('sums a week up: what is new, what closes after it, and the proposals', async () => {
    const figures = await world.database.reports.week(user.id, week, 20);
    expect(figures.newOpportunities).toBe(rows.filter(({ postedOn }) => postedOn >= week.start).length);
    const until = new Date('2026-11-30T00:00:00Z');
    const closing = rows.filter(
      ({ responseDeadline: time }) =>
        time !== undefined && time >= new Date('2026-11-23T00:00:00Z') && time < until,
    );
    expect(figures.closing).toBe(closing.length);
    expect(figures.closingRows.map(({ responseDeadline }) => responseDeadline)).toEqual(
      closing
        .map(({ responseDeadline }) => responseDeadline)
        .toSorted((a, b) => Number(a) - Number(b))
        .slice(0, 20),
    );
    expect(figures.newRows.filter(({ saved }) => saved)).toHaveLength(1);
    expect(figures.newRows[0]?.saved).toBe(true);
    expect(figures.postedByWeek).toHaveLength(8);
    expect(figures.openProposals).toBe(
      own.filter(({ status }) => status === 'draft' || status === 'submitted' || status === 'under-review')
        .length,
    );
  });

  it('makes a week as PDF, workbook and CSV', async () => {
    const pdf = await readPdf((await run({ reportType: 'weekly', format: 'pdf', dateRange: week })).bytes);
    expect(pdf.bookmarks).toEqual([
      'Weekly report',
      'Summary',
      'By agency',
      'Over time',
      'Closing soon',
      'New this week',
      'Proposals',
    ]);
    for (const page of pdf.pages) expect(overlaps(page)).toEqual([]);
    const book = new ExcelJS.Workbook();
    const { bytes } = await run({ reportType: 'weekly', format: 'xlsx', dateRange: week });
    await book.xlsx.load(Uint8Array.from(bytes).buffer);
    expect(book.worksheets.map(({ name }) => name)).toEqual([
      'Summary',
      'Closing soon',
      'New this week',
      'Proposals',
    ]);
    const csv = (await run({ reportType: 'weekly', format: 'csv', dateRange: week })).bytes.toString();
    const records = parseCsv(csv.slice(1));
    expect(new Set(records.slice(1).map(([section]) => section))).toEqual(
      new Set(['Summary', 'Closing soon', 'New this week', 'Proposals']),
    );
    expect(new Set(records.map((record) => record.length)).size).toBe(1);
  });

  it('says of nothing that it is nothing', async () => {
    const none = { start: '1999-01-04', end: '1999-01-10' };
    for (const reportType of ['proposals', 'weekly'] as const) {
      const { result, bytes } = await run({ reportType, format: 'pdf', dateRange: none }, 'nobody');
      expect(result).toMatchObject({ pages: 2, rows: 0 });
      const text = (await readPdf(bytes)).pages
        .flat()
        .map((piece) => piece.text)
        .join(' ');
      expect(text).toMatch(/No proposals were worked on|Nothing was posted/);
    }
  });

  describe('dispatched by week', () => {
    async function dispatch(taken: Set<string>, weekStart?: string) {
      const added: FollowUp<'document'>[] = [];
      const payload = {
        type: 'dispatch-weekly-reports' as const,
        data: weekStart === undefined ? {} : { weekStart },
      };
      const result = await dispatchWeeklyReports.run({
        job: { ...job, name: 'dispatch-weekly-reports' },
        type: payload.type,
        data: { weekStart, ...payload.data },
        payload: { type: payload.type, data: { weekStart, ...payload.data } },
        log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
        signal: new AbortController().signal,
        progress: quiet,
        addJob: () => Promise.reject(new Error('Reports are added in pages.')),
        addJobs: async (_queue, jobs) =>
          jobs.map(({ payload: wanted, options }) => {
            const id = options?.idempotencyKey ?? '';
            const created = !taken.has(id);
            taken.add(id);
            const parsed = documentQueue.jobs['generate-report'].payload.parse(wanted);
            if (created) added.push({ name: 'generate-report', payload: parsed, options: options ?? {} });
            return { id, created };
          }),
        services: { database: world.database },
      });
      return { result, added };
    }

    it('adds a report with its recipient for each subscriber, once a week', async () => {
      const wanting = [user, ...users.filter(({ id }) => id !== user.id).slice(0, 2)];
      await world.pool.query('update users set wants_reports = id = any($1)', [wanting.map(({ id }) => id)]);
      await world.pool.query('insert into email_suppressions (email, reason) values (lower($1), $2)', [
        wanting[2]?.email,
        'bounced',
      ]);
      const taken = new Set<string>();
      const first = await dispatch(taken, '2026-11-18');
      expect(first.result).toEqual({ considered: 2, added: 2, skipped: 0 });
      expect(first.added).toContainEqual({
        name: 'generate-report',
        payload: {
          type: 'generate-report',
          data: {
            userId: user.id,
            reportType: 'weekly',
            format: 'pdf',
            dateRange: week,
            recipients: [user.email],
          },
        },
        options: {
          idempotencyKey: `weekly-report/${user.id}/2026-11-16`,
          key: `weekly-report-2026-11-16-${user.id}`,
        },
      });
      expect((await dispatch(taken, '2026-11-16')).result).toEqual({ considered: 2, added: 0, skipped: 2 });
      expect((await dispatch(taken, '2026-11-09')).result.added).toBe(2);
      expect((await dispatch(new Set())).result.added).toBe(2);

      // The queue has forgotten the job, the documents have not.
      await world.pool.query(
        `update documents set job_key = $1 where id = (select id from documents limit 1)`,
        [`weekly-report-2026-11-16-${user.id}`],
      );
      expect((await dispatch(new Set(), '2026-11-16')).result).toEqual({
        considered: 2,
        added: 1,
        skipped: 1,
      });
    });
  });
});
