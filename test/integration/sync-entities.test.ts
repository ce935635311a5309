import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queues } from '../../queues/index.ts';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { createSamGov } from '../../src/integrations/sam-gov/client.ts';
import type { SamGov } from '../../src/integrations/sam-gov/port.ts';
import { makeSample } from '../../src/sample/index.ts';
import { type SamGovSandbox, startSamGovSandbox } from '../../src/sample/sam-gov-sandbox.ts';
import { ueiOf, wireEntity } from '../support/entities.ts';
import { failureOf, runSyncThrough, type SyncJob, type SyncResult } from '../support/sync-job.ts';
import { createWorld, type World } from '../support/world.ts';

const now = new Date('2026-04-16T12:00:00Z');
const kind = 'sam-gov-entities';
const entities = makeSample({ asOf: now, opportunities: 0, entities: 57 }).entities;
/** Small, so that windows have to be parted. */
const reach = 20;

let world: World;
let sandbox: SamGovSandbox;
let samGov: SamGov;

beforeEach(async () => {
  world = await createWorld();
  await serve(entities);
});
afterEach(async () => {
  await sandbox.close();
  await world.close();
});

async function serve(served: readonly unknown[], entityReach = reach): Promise<void> {
  sandbox = await startSamGovSandbox({
    opportunities: [],
    entities: served,
    entityReach,
    extractLimit: entityReach,
    extractPolls: 0,
    host: '127.0.0.1',
  });
  samGov = createSamGov({ apiKey: 'key', baseUrl: sandbox.url, minIntervalMs: 0 });
}

interface Asked {
  readonly fullSync: boolean;
  readonly ueis?: string[];
  readonly dateRange?: { start: string; end: string };
}

function sync(data: Asked, job: Partial<SyncJob> = {}): Promise<SyncResult> {
  const payload = { type: 'sam-gov-entities' as const, data };
  return runSyncThrough({
    database: world.database,
    samGov,
    payload,
    entityReach: reach,
    now: () => now,
    ...job,
  });
}

async function table(): Promise<unknown[]> {
  const { rows } = await world.pool.query(
    "select to_jsonb(e) - 'first_seen_at' - 'updated_at' as row from entities e order by uei",
  );
  return rows;
}

describe('a full sync of entities', () => {
  it('takes extracts, parting the days of registration until each has no more than one may; again it writes nothing', async () => {
    const percents: number[] = [];
    const first = await sync({ fullSync: true }, { onProgress: (percent) => percents.push(percent) });
    expect(first).toMatchObject({
      from: '1990-01-01',
      to: '2026-04-16',
      fetched: 57,
      inserted: 57,
      updated: 0,
      skipped: 0,
      requestsUsed: sandbox.requests,
    });
    expect(queues.sync.jobs['sam-gov-sync'].result.safeParse(first).error).toBeUndefined();
    expect(sandbox.log.every(({ parameters: { format, token } }) => (format ?? token) !== undefined)).toBe(
      true,
    );
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBe(100);
    expect(await world.database.entities.count()).toBe(57);
    const [entity] = entities;
    expect(await world.database.entities.find(entity?.entityRegistration.ueiSAM ?? '')).toMatchObject({
      legalName: entity?.entityRegistration.legalBusinessName,
      raw: entity,
    });

    const before = await table();
    expect(await sync({ fullSync: true }, { key: 'job-2' })).toMatchObject({
      inserted: 0,
      updated: 0,
      unchanged: 57,
    });
    expect(await table()).toEqual(before);
  });

  it('broken off at every place in turn, ends with the same rows and totals', async () => {
    const other = await createWorld();
    const expected = await sync({ fullSync: true }, { database: other.database });
    await other.close();
    for (;;) {
      // One page, or one parting, and then the connection is gone.
      sandbox.script(undefined, { kind: 'reset' });
      const result = await sync({ fullSync: true }).catch((error: unknown) => {
        if (error instanceof MillraceError && error.code === 'SYNC_UNAVAILABLE') return undefined;
        throw error;
      });
      if (result !== undefined) {
        expect(result).toEqual(expected);
        break;
      }
    }
    expect(await world.database.entities.count()).toBe(57);
  });

  it('parts a single day by the days of the last update', async () => {
    await sandbox.close();
    const crowd = Array.from({ length: 45 }, (_, index) =>
      wireEntity(index, { lastUpdateDate: `2026-0${1 + (index % 4)}-1${index % 7}` }),
    );
    await serve(crowd);
    expect(await sync({ fullSync: true })).toMatchObject({ inserted: 45, fetched: 45 });
    expect(
      sandbox.log.some(({ parameters }) => parameters.registrationDate === '[03/01/2024,03/01/2024]'),
    ).toBe(true);
  });

  it('says so when more were registered and updated on the same days than can be reached', async () => {
    await sandbox.close();
    await serve(Array.from({ length: 45 }, (_, index) => wireEntity(index)));
    expect(await failureOf(sync({ fullSync: true }))).toMatchObject({
      code: 'SYNC_REJECTED',
      retryable: false,
    });
  });
});

describe('an incremental sync of entities', () => {
  it('asks for what was updated since the last, with a day of overlap', async () => {
    await sync({ fullSync: true });
    expect(await world.database.syncs.syncedThrough(kind)).toBe('2026-04-16');
    const later = () => new Date('2026-04-20T12:00:00Z');
    const before = sandbox.requests;
    expect(await sync({ fullSync: false }, { key: 'job-2', now: later })).toMatchObject({
      from: '2026-04-15',
      to: '2026-04-20',
    });
    expect(sandbox.log[before]?.parameters).toMatchObject({ updateDate: '[04/15/2026,04/20/2026]' });
    expect(await world.database.syncs.syncedThrough(kind)).toBe('2026-04-20');
    expect(await world.database.syncs.syncedThrough('sam-gov-opportunities')).toBeUndefined();
  });

  it('of a list of UEIs asks for a hundred at a time, and moves nothing else', async () => {
    await sandbox.close();
    await serve(
      Array.from({ length: 130 }, (_, index) => wireEntity(index)),
      10_000,
    );
    const ueis = Array.from({ length: 120 }, (_, index) => ueiOf(index));
    const result = await sync({ fullSync: false, ueis: [...ueis, ueiOf(0)] }, { entityReach: 10_000 });
    expect(result).toMatchObject({ from: '2026-04-16', to: '2026-04-16', inserted: 120, requestsUsed: 12 });
    const asked = new Set(sandbox.log.map(({ parameters }) => parameters.ueiSAM));
    expect([...asked].map((list) => list?.split('~').length)).toEqual([100, 20]);
    expect(await world.database.syncs.syncedThrough(kind)).toBeUndefined();
  });

  it('puts malformed records aside', async () => {
    sandbox.setEntities([
      ...entities.slice(0, 5),
      { entityRegistration: null },
      wireEntity(1, { ueiSAM: 'X' }),
    ]);
    expect(await sync({ fullSync: true })).toMatchObject({
      inserted: 5,
      skipped: 2,
      skippedReasons: { 'no ueiSAM': 1, 'ueiSAM is no UEI': 1 },
    });
    const { rows } = await world.pool.query('select kind, record_id, reason from sync_rejects order by id');
    expect(rows).toEqual([
      { kind, record_id: null, reason: 'no ueiSAM' },
      { kind, record_id: 'X', reason: 'ueiSAM is no UEI' },
    ]);
  });
});

describe('of several registrations of one UEI', () => {
  const older = wireEntity(1, { lastUpdateDate: '2026-01-01', legalBusinessName: 'OLDER' });
  const newer = wireEntity(1, {
    lastUpdateDate: '2026-02-01',
    entityEFTIndicator: '0002',
    legalBusinessName: 'NEWER',
  });
  const twin = wireEntity(1, {
    lastUpdateDate: '2026-02-01',
    entityEFTIndicator: '0001',
    legalBusinessName: 'TWIN',
  });
  const others = Array.from({ length: 9 }, (_, index) => wireEntity(index + 10));

  it.each([
    [[older, ...others, newer, twin]],
    [[twin, ...others, newer, older]],
    [[newer, older, ...others, twin]],
  ])('the one updated last stays, whatever their order, and a second sync writes nothing', async (served) => {
    sandbox.setEntities(served);
    await sync({ fullSync: true });
    expect(await world.database.entities.find(ueiOf(1))).toMatchObject({
      legalName: 'TWIN',
      eftIndicator: '0001',
    });
    expect(await world.database.entities.count()).toBe(10);
    expect(await sync({ fullSync: true }, { key: 'job-2' })).toMatchObject({ inserted: 0, updated: 0 });
  });

  it('a change of the one that stays is taken', async () => {
    sandbox.setEntities([older, twin]);
    await sync({ fullSync: true });
    sandbox.setEntities([
      older,
      wireEntity(1, {
        lastUpdateDate: '2026-02-01',
        entityEFTIndicator: '0001',
        legalBusinessName: 'RENAMED',
      }),
    ]);
    expect(await sync({ fullSync: true }, { key: 'job-2' })).toMatchObject({ updated: 1 });
    expect(await world.database.entities.find(ueiOf(1))).toMatchObject({ legalName: 'RENAMED' });
  });
});
