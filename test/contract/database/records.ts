import { expect, it } from 'vitest';
import type { DocumentRow, Proposal } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const awkward = `O'Brien, "Ω" \\ {a,b} & ünïcode%20?x=1.2`;

export function records(open: Open): void {
  it('keeps users, replaces them, and takes the last of two with one id', async () => {
    const { users } = open().database;
    await users.upsert([
      { id: 'u1', email: 'old@example.org', name: 'Old', company: 'Acme' },
      { id: 'u2', email: 'two@example.org', name: 'Two', company: 'Two Ltd' },
      { id: 'u1', email: 'ada@example.org', name: awkward, company: undefined },
    ]);
    await users.upsert([{ id: 'u2', email: 'two@example.org', name: 'Two again', company: undefined }]);
    await users.upsert([]);
    expect(await users.find('u1')).toEqual({
      id: 'u1',
      email: 'ada@example.org',
      name: awkward,
      company: undefined,
    });
    expect(await users.find('u2')).toMatchObject({ name: 'Two again', company: undefined });
    expect(await users.find(`nobody,or("x")`)).toBeUndefined();
  });

  it('keeps what users save, once, and who gets the weekly report', async () => {
    const { database, pool } = open();
    await database.users.upsert(
      ['s1', 's2', 's3'].map((id) => ({ id, email: `${id}@example.org`, name: id, company: undefined })),
    );
    const saved = ['s1', 's2'].flatMap((userId) => ['n1', 'n2'].map((noticeId) => ({ userId, noticeId })));
    await database.users.saveOpportunities(saved);
    await database.users.saveOpportunities([...saved, { userId: 's2', noticeId: 'n3' }]);
    await database.users.saveOpportunities([]);
    const { rows } = await pool.query(
      "select user_id, count(*)::int as n from saved_opportunities where user_id like 's_' group by 1 order by 1",
    );
    expect(rows).toEqual([
      { user_id: 's1', n: 2 },
      { user_id: 's2', n: 3 },
    ]);
    await expect(database.users.saveOpportunities([{ userId: 'nobody', noticeId: 'n1' }])).rejects.toThrow();
    await database.users.subscribeToReports(['s1', 's3'], true);
    await database.users.subscribeToReports(['s1'], false);
    await database.users.subscribeToReports([], true);
    const wanting = await pool.query("select id from users where wants_reports and id like 's_'");
    expect(wanting.rows).toEqual([{ id: 's3' }]);
    await pool.query("delete from users where id like 's_'");
  });

  it('takes more users at once than one answer may hold', async () => {
    const { database, pool } = open();
    const many = Array.from({ length: 2_500 }, (_, index) => ({
      id: `many-${index}`,
      email: `u${index}@example.org`,
      name: 'Many',
      company: undefined,
    }));
    await database.users.upsert(many);
    const { rows } = await pool.query(`select count(*)::int as n from users where name = 'Many'`);
    expect(rows).toEqual([{ n: 2_500 }]);
  });

  it('takes a story through its life', async () => {
    const { stories } = open().database;
    const created = await stories.create({
      id: 's1',
      title: awkward,
      content: 'One\nTwo',
      sectorTag: undefined,
      impactTags: ['a,b', '"q"'],
      hypeScore: 7.25,
      ethicsScore: 3,
      jobId: 'job-1',
      addedBy: 'shop',
    });
    expect(created).toMatchObject({
      title: awkward,
      addedBy: 'shop',
      revision: 1,
      impactTags: ['a,b', '"q"'],
      hypeScore: 7.25,
    });
    expect(Math.abs(created.createdAt.getTime() - Date.now())).toBeLessThan(600_000);
    const scores = {
      hypeScore: 1.5,
      ethicsScore: 9.99,
      realityCheck: 'No.',
      eli5Summary: 'Short.',
      impactTags: ['x'],
      model: 'm',
    };
    expect(await stories.saveEnhancement('s1', 1, scores)).toBe(true);
    const enhanced = await stories.find('s1');
    expect(enhanced).toMatchObject({ ethicsScore: 9.99, enhancedRevision: 1, model: 'm', revision: 1 });
    expect(enhanced?.updatedAt.getTime()).toBeGreaterThan(created.updatedAt.getTime());
    const change = { title: 'New', content: 'Text', sectorTag: 'health', impactTags: [] };
    expect(await stories.edit('s1', { ...change, hypeScore: 2, ethicsScore: 2 })).toMatchObject({
      ...change,
      revision: 2,
      enhancedRevision: 1,
      realityCheck: undefined,
      model: undefined,
    });
    expect(await stories.saveEnhancement('s1', 1, scores)).toBe(false);
    await stories.setJob('s1', 'job-2');
    expect(await stories.findByJob('job-2')).toMatchObject({ id: 's1' });
    expect(await stories.findByJob('job-1')).toBeUndefined();
    await stories.remove('s1');
    expect(await stories.find('s1')).toBeUndefined();
    expect(await stories.edit('s1', { ...change, hypeScore: 2, ethicsScore: 2 })).toBeUndefined();
  });

  it('refuses a story whose id is taken', async () => {
    const { stories } = open().database;
    const story = {
      id: 'twice',
      title: 'T',
      content: 'secret words',
      sectorTag: undefined,
      impactTags: [],
      hypeScore: 1,
      ethicsScore: 1,
      jobId: 'j',
    };
    await stories.create(story);
    const again = stories.create(story);
    await expect(again).rejects.toMatchObject({ code: '23505' });
    await expect(again).rejects.not.toThrow('secret words');
  });

  it('leaves one row of a document that is saved again', async () => {
    const { database, pool } = open();
    const row: DocumentRow = {
      id: 'd1',
      jobKey: 'document:x:1',
      jobId: '17',
      userId: 'u1',
      kind: 'report',
      format: 'pdf',
      title: awkward,
      fileName: 'report.pdf',
      contentType: 'application/pdf',
      bytes: 5_000_000_000,
      pages: undefined,
      rows: 12,
      sha256: 'ab',
      storageKey: 'reports/1.pdf',
      addedBy: 'shop',
    };
    await database.documents.save(row);
    await pool.query(`update documents set created_at = '2020-01-01' where id = 'd1'`);
    await database.documents.save({ ...row, pages: 3, rows: undefined });
    const found = await database.documents.find('d1');
    expect(found).toMatchObject({ ...row, pages: 3, rows: undefined });
    expect(found?.createdAt.getUTCFullYear()).toBeGreaterThan(2020);
    expect(await database.documents.find('none')).toBeUndefined();
  });

  it('names the file that an attachment replaces', async () => {
    const { attachments } = open().database;
    const row = {
      id: 'a1',
      opportunityId: undefined,
      source: 'https://example.org/a.pdf',
      fileName: 'a.pdf',
      contentType: 'application/pdf',
      bytes: 10,
      sha256: 'aa',
      storageKey: 'attachments/a1-aa',
      pageTexts: ['one "quoted", {braced}', ''],
    };
    expect(await attachments.save(row)).toEqual({ replacedKey: undefined });
    expect(await attachments.save({ ...row, storageKey: 'attachments/a1-bb' })).toEqual({
      replacedKey: 'attachments/a1-aa',
    });
    expect(await attachments.find('a1')).toEqual({ ...row, storageKey: 'attachments/a1-bb', pages: 2 });
    expect(await attachments.find('a2')).toBeUndefined();
  });

  it('keeps the amount of a proposal to the cent', async () => {
    const { users, proposals } = open().database;
    await users.upsert([{ id: 'bidder', email: 'b@example.org', name: 'B', company: undefined }]);
    const proposal: Proposal = {
      id: 'p1',
      userId: 'bidder',
      noticeId: undefined,
      title: awkward,
      status: 'under-review',
      amount: '9007199254740993.07',
      currency: 'EUR',
      dueOn: '2024-02-29',
      submittedOn: undefined,
      decidedOn: undefined,
      updatedAt: new Date('2024-02-01T10:00:00.123Z'),
    };
    await proposals.upsert([{ ...proposal, status: 'draft' }, proposal]);
    expect(await proposals.find('p1')).toEqual(proposal);
    await proposals.upsert([{ ...proposal, dueOn: undefined, amount: undefined }]);
    expect(await proposals.find('p1')).toMatchObject({ dueOn: undefined, amount: undefined });
    const orphan = proposals.upsert([{ ...proposal, id: 'p2', userId: 'nobody' }]);
    await expect(orphan).rejects.toMatchObject({ code: '23503' });
  });

  it('gives a tick to one scheduler only, and an unconfirmed one to the next', async () => {
    const { database, pool } = open();
    const { ticks } = database;
    const at = new Date('2026-01-05T06:00:00.000Z');
    const claim = { schedule: 'weekly', tickAt: at, owner: 'a', seconds: 60, caughtUp: false };
    expect(await ticks.last('weekly')).toBeUndefined();
    const baseline = new Date('2026-01-01T00:00:00.000Z');
    await Promise.all([
      ticks.baseline('weekly', baseline),
      ticks.baseline('weekly', baseline),
      ticks.baseline('weekly', baseline),
    ]);
    expect(await ticks.last('weekly')).toEqual(baseline);
    await ticks.baseline('weekly', new Date('2026-01-02T00:00:00.000Z'));
    const claims = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => ticks.claim({ ...claim, owner })));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await ticks.last('weekly')).toEqual(at);
    expect(await ticks.last('weekly', at)).toEqual(at);
    expect(await ticks.last('weekly', new Date(at.getTime() - 1))).toEqual(baseline);
    expect(await ticks.last('weekly', new Date(baseline.getTime() - 1))).toBeUndefined();
    expect(await ticks.unconfirmed('weekly')).toEqual([]);
    await pool.query(`update schedule_ticks set claim_expires_at = now() - interval '1 second'`);
    expect(await ticks.unconfirmed('weekly')).toEqual([at]);
    expect(await ticks.claim(claim)).toBe(true);
    await ticks.confirm('weekly', at, 'job-9');
    await pool.query(`update schedule_ticks set claim_expires_at = now() - interval '1 second'`);
    expect(await ticks.unconfirmed('weekly')).toEqual([]);
    expect(await ticks.claim(claim)).toBe(false);
  });
}
