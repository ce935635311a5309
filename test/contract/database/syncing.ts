import { beforeAll, expect, it } from 'vitest';
import type {
  EntityRow,
  OpportunityRow,
  SyncCheckpoint,
  SyncLease,
} from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

function opportunity(noticeId: string, change: Partial<OpportunityRow> = {}): OpportunityRow {
  return {
    noticeId,
    title: 'Roof',
    solicitation: null,
    agency: null,
    office: null,
    noticeType: null,
    setAside: null,
    naics: null,
    classification: null,
    postedOn: '2024-01-31',
    responseDeadline: '2024-03-01T17:00:00-05:00',
    archiveOn: null,
    active: true,
    placeState: null,
    placeCountry: null,
    awardAmount: '9007199254740993.07',
    awardOn: null,
    awardee: null,
    url: null,
    descriptionUrl: null,
    raw: { noticeId, nested: ['ä', null] },
    contentHash: 'h1',
    ...change,
  };
}

const entity: EntityRow = {
  uei: 'UEI000000001',
  eftIndicator: '',
  legalName: 'ACME, "INC"',
  dbaName: null,
  cageCode: '1ABC2',
  status: 'Active',
  purpose: null,
  registeredOn: '2020-01-01',
  activatedOn: null,
  updatedOn: '2024-01-01',
  expiresOn: null,
  excluded: true,
  url: null,
  city: 'Reston',
  state: 'VA',
  zip: null,
  country: 'USA',
  naics: '541511',
  businessTypes: ['2X', 'a,b'],
  sbaTypes: [],
  raw: { a: 1 },
  contentHash: 'e1',
};

function checkpointOf(kind: string, jobKey: string): SyncCheckpoint {
  return {
    kind,
    jobKey,
    windows: [{ posted: { start: '2024-01-01', end: '2024-01-31' } }, { ueis: ['A', 'B'] }],
    nextPage: 1,
    totals: {
      from: '2024-01-01',
      to: '2024-12-31',
      fetched: 3,
      inserted: 0,
      updated: 0,
      unchanged: 0,
      skipped: 1,
      skippedReasons: { 'no title': 1 },
      requestsUsed: 1,
      pages: 1,
    },
    syncedThrough: undefined,
  };
}

export function syncing(open: Open): void {
  const lease: SyncLease = { kind: 'opportunities', jobKey: 'job-1', token: 't1' };
  const checkpoint = checkpointOf('opportunities', 'job-1');

  beforeAll(async () => {
    const { syncs } = open().database;
    expect(await syncs.takeLease(lease, 600)).toBe(true);
  });

  it('gives the lease to one job at a time, and to the later of its attempts', async () => {
    const { syncs } = open().database;
    const held: SyncLease = { kind: 'leases', jobKey: 'a', token: '1' };
    const leases = ['a', 'b', 'c'].map((jobKey) => syncs.takeLease({ ...held, jobKey }, 60));
    expect((await Promise.all(leases)).filter(Boolean)).toHaveLength(1);
    const own: SyncLease = { kind: 'attempts', jobKey: 'a', token: '1' };
    expect(await syncs.takeLease(own, 60)).toBe(true);
    const next = { ...own, token: '2' };
    expect(await syncs.takeLease(next, 60)).toBe(true);
    expect(await syncs.renewLease(own, 60)).toBe(false);
    expect(await syncs.renewLease(next, 60)).toBe(true);
    await syncs.releaseLease(own);
    expect(await syncs.takeLease({ ...own, jobKey: 'b' }, 60)).toBe(false);
    await syncs.releaseLease(next);
    expect(await syncs.takeLease({ ...own, jobKey: 'b' }, 60)).toBe(true);
  });

  it('spends the budget of a day exactly, however many ask at once', async () => {
    const { syncs } = open().database;
    const ask = () => syncs.spendRequest({ key: 'k', day: '2026-01-01', limit: 5, intervalMs: 60_000 });
    const spent = await Promise.all(Array.from({ length: 8 }, ask));
    expect(spent.flatMap((one) => (one === undefined ? [] : [one.used])).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(Math.max(...spent.map((one) => one?.waitMs ?? 0))).toBeGreaterThan(0);
    expect(await ask()).toBeUndefined();
    expect(await syncs.spendRequest({ key: 'k', day: '2026-01-02', limit: 5, intervalMs: 0 })).toMatchObject({
      used: 1,
    });
  });

  it('writes a page with its checkpoint, and only what has changed', async () => {
    const { database, pool } = open();
    const { opportunities, syncs } = database;
    expect(await syncs.checkpoint('opportunities', 'job-1')).toBeUndefined();
    const before = await opportunities.count();
    const rejects = [{ recordId: undefined, reason: 'no title', raw: { odd: `'"` } }];
    expect(
      await opportunities.savePage([opportunity('n1'), opportunity('n2')], rejects, checkpoint, lease),
    ).toEqual({ inserted: 2, updated: 0, unchanged: 0 });
    expect(await opportunities.count()).toBe(before + 2);
    const changed = opportunity('n2', { title: 'New roof', contentHash: 'h2' });
    const saved = await syncs.checkpoint('opportunities', 'job-1');
    expect(saved).toEqual({
      ...checkpoint,
      totals: { ...checkpoint.totals, inserted: 2 },
    });
    const later = { ...checkpoint, windows: [], syncedThrough: '2024-01-31' };
    expect(
      await opportunities.savePage(
        [opportunity('n1'), changed],
        [],
        { ...later, totals: saved?.totals ?? checkpoint.totals },
        lease,
      ),
    ).toEqual({ inserted: 0, updated: 1, unchanged: 1 });
    expect(await syncs.checkpoint('opportunities', 'job-1')).toMatchObject({
      windows: [],
      totals: { inserted: 2, updated: 1, unchanged: 1 },
      syncedThrough: '2024-01-31',
    });
    expect(await syncs.syncedThrough('opportunities')).toBe('2024-01-31');
    expect(await syncs.syncedThrough('nothing')).toBeUndefined();
    const { rows } = await pool.query(
      `select title, award_amount::text, response_deadline, raw from opportunities where notice_id = 'n2'`,
    );
    expect(rows).toEqual([
      {
        title: 'New roof',
        award_amount: '9007199254740993.07',
        response_deadline: new Date('2024-03-01T22:00:00Z'),
        raw: { noticeId: 'n2', nested: ['ä', null] },
      },
    ]);
    const { rows: rejected } = await pool.query('select reason, raw, record_id from sync_rejects');
    expect(rejected).toEqual([{ reason: 'no title', raw: { odd: `'"` }, record_id: null }]);
  });

  it('writes nothing once the lease is lost', async () => {
    const { opportunities } = open().database;
    const before = await opportunities.count();
    const lost = { ...lease, token: 'earlier' };
    expect(await opportunities.savePage([opportunity('n3')], [], checkpoint, lost)).toBeUndefined();
    expect(await opportunities.count()).toBe(before);
  });

  it('writes nothing of a page with a row that PostgreSQL refuses', async () => {
    const { opportunities } = open().database;
    const before = await opportunities.count();
    const bad = opportunity('n5', { postedOn: 'never' });
    const saved = opportunities.savePage([opportunity('n4'), bad], [], checkpoint, lease);
    await expect(saved).rejects.toMatchObject({ code: '22007' });
    expect(await opportunities.count()).toBe(before);
  });

  it('writes more rows at once than one answer may hold', async () => {
    const { opportunities } = open().database;
    const many = Array.from({ length: 1_200 }, (_, index) =>
      opportunity(`many-${index}`, { postedOn: '2001-01-01' }),
    );
    expect(await opportunities.savePage(many, [], checkpoint, lease)).toMatchObject({ inserted: 1_200 });
  });

  it('keeps entities as they came', async () => {
    const { entities, syncs } = open().database;
    const own: SyncLease = { kind: 'entities', jobKey: 'job-2', token: 't' };
    await syncs.takeLease(own, 600);
    const place = checkpointOf('entities', 'job-2');
    expect(await entities.savePage([entity], [], place, own)).toEqual({
      inserted: 1,
      updated: 0,
      unchanged: 0,
    });
    expect(await entities.savePage([entity], [], place, own)).toEqual({
      inserted: 0,
      updated: 0,
      unchanged: 1,
    });
    expect(await entities.find(entity.uei)).toEqual(entity);
    expect(await entities.find('none')).toBeUndefined();
    expect(await entities.count()).toBe(1);
  });
}
