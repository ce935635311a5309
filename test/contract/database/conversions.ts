import { expect, it } from 'vitest';
import type { ConversionRun, Conversions } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const lease = { worker: 'w1', seconds: 60, limit: 10, mostLost: 3 };

export function conversions(open: Open): void {
  const table = (): Conversions => open().database.conversions;
  const insert = async (path: string, extra = ''): Promise<string> => {
    const { rows } = await open().pool.query<{ id: string }>(
      `insert into conversions (upload_path${extra === '' ? '' : ', created_at'}) values ($1${extra}) returning id`,
      [path],
    );
    return rows[0]?.id ?? '';
  };
  const expire = (id: string) =>
    open().pool.query(`update conversions set lease_expires_at = now() - interval '1 second' where id = $1`, [
      id,
    ]);
  const clear = () => open().pool.query('delete from conversions');
  const begun = async (
    id: string,
    token: string,
    attempt = 1,
    jobKey = `conversion.${id}.1`,
    byHand = false,
  ) => table().begin({ id, token, jobKey, attempt, worker: 'w1', seconds: 60, byHand });

  it('takes a row that was inserted with plain SQL through its life', async () => {
    await clear();
    const id = await insert('./uploads/a.pdf');
    expect(await table().find(id)).toMatchObject({
      uploadPath: 'uploads/a.pdf',
      mapping: 'default',
      status: 'queued',
      attempts: 0,
      startedAt: undefined,
    });
    const [claimed, ...others] = await table().claim(lease);
    expect(others).toEqual([]);
    expect(claimed).toMatchObject({
      id,
      status: 'processing',
      jobKey: `conversion.${id}.1`,
      leasedBy: 'w1',
      startedAt: expect.any(Date),
    });
    expect(await table().claim(lease)).toEqual([]);

    const run: ConversionRun = { id, token: 'run-1' };
    expect(await begun(id, 'run-1')).toMatchObject({ attempts: 1, status: 'processing' });
    const result = { resultPath: `results/${id}.xml`, bytes: 12, lineItems: 3, converter: 'built-in' };
    expect(await table().finish({ id, token: 'stranger' }, result)).toBe(false);
    expect(await table().finish(run, result)).toBe(true);
    expect(await table().finish(run, result)).toBe(false);
    expect(await table().find(id)).toMatchObject({
      status: 'complete',
      resultPath: result.resultPath,
      resultBytes: 12,
      lineItems: 3,
      converter: 'built-in',
      leasedBy: undefined,
      leaseExpiresAt: undefined,
      completedAt: expect.any(Date),
      failedAt: undefined,
    });
    expect(await begun(id, 'run-2')).toBeUndefined();
    expect(await table().claim(lease)).toEqual([]);
    expect(await table().find('none')).toBeUndefined();
  });

  it('claims the oldest first and each row once, however many claim at once', async () => {
    await clear();
    const { rows } = await open().pool.query<{ id: string }>(
      `insert into conversions (upload_path, created_at)
       select 'uploads/' || n, timestamptz '2020-01-01' + (201 - n) * interval '1 second' from generate_series(1, 200) n
       returning id`,
    );
    const ids = rows.map(({ id }) => id).reverse();
    const first = await table().claim({ ...lease, limit: 5 });
    expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 5));
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, index) => table().claim({ ...lease, worker: `w${index}`, limit: 15 })),
    );
    const claimed = claims.flat().map(({ id }) => id);
    expect(new Set(claimed).size).toBe(claimed.length);
    expect(claimed).toHaveLength(150);
    const rest = await table().claim({ ...lease, limit: 200 });
    expect(new Set([...first, ...claims.flat(), ...rest].map(({ id }) => id)).size).toBe(200);
    for (const claim of claims) {
      const positions = claim.map(({ id }) => ids.indexOf(id));
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
    }
  });

  it('claims each of many rows once, to forty that come back for more, and to none of them a younger before an older', async () => {
    await clear();
    await open().pool.query(
      `insert into conversions (upload_path, created_at)
       select 'u/' || n, timestamptz '2020-01-01' - n * interval '1 second' from generate_series(1, 400) n`,
    );
    const all = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const mine: { readonly id: string; readonly at: number }[] = [];
        for (;;) {
          const [row] = await table().claim({ ...lease, worker: `w${index}`, limit: 1 });
          if (row === undefined) return mine;
          mine.push({ id: row.id, at: row.createdAt.getTime() });
        }
      }),
    );
    for (const mine of all) {
      const times = mine.map(({ at }) => at);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
    const ids = all.flat().map(({ id }) => id);
    expect(ids).toHaveLength(400);
    expect(new Set(ids).size).toBe(400);
  });

  it('claims what was abandoned before what still waits', async () => {
    await clear();
    const first = await insert('uploads/first.pdf');
    await table().claim(lease);
    const second = await insert('uploads/second.pdf');
    const third = await insert('uploads/third.pdf');
    await expire(first);
    const claimed = await table().claim({ ...lease, limit: 2 });
    expect(claimed.map(({ id }) => id)).toEqual([first, second]);
    expect((await table().claim({ ...lease, limit: 2 })).map(({ id }) => id)).toEqual([third]);
  });

  it('gives rows of one transaction in the order of their insertion', async () => {
    await clear();
    await open().pool.query(
      `insert into conversions (upload_path) select 'u/' || n from generate_series(1, 5) n`,
    );
    const claimed = await table().claim(lease);
    expect(claimed.map(({ uploadPath }) => uploadPath)).toEqual(['u/1', 'u/2', 'u/3', 'u/4', 'u/5']);
  });

  it('claims again what was abandoned, and from then on the first claim stands for nothing', async () => {
    await clear();
    const id = await insert('uploads/b.pdf');
    const [first] = await table().claim(lease);
    expect(await begun(id, 'old')).toMatchObject({ attempts: 1 });
    await expire(id);
    const [second] = await table().claim({ ...lease, worker: 'w2' });
    expect(second).toMatchObject({ id, jobKey: `conversion.${id}.2`, leasedBy: 'w2', attempts: 1 });

    const old = { id, token: 'old' };
    expect(await table().renewRun(old, 60)).toBe(false);
    expect(
      await table().finish(old, { resultPath: 'x', bytes: 1, lineItems: undefined, converter: 'c' }),
    ).toBe(false);
    expect(await table().fail(old, { code: 'UNKNOWN', message: 'm' })).toBe(false);
    expect(await begun(id, 'old-again', 2)).toBeUndefined();
    expect(await table().renew([first?.jobKey ?? '', second?.jobKey ?? ''], 60)).toEqual([second?.jobKey]);
    expect(await begun(id, 'new', 1, second?.jobKey)).toMatchObject({ attempts: 2 });
    expect(await table().renewRun({ id, token: 'new' }, 60)).toBe(true);
  });

  it('gives a row up whose workers are lost again and again', async () => {
    await clear();
    const id = await insert('uploads/poison.pdf');
    for (let claim = 1; claim <= 3; claim++) {
      expect(await table().claim(lease)).toHaveLength(1);
      await begun(id, `run-${claim}`, 1, `conversion.${id}.${claim}`);
      await expire(id);
    }
    expect(await table().claim(lease)).toEqual([]);
    expect(await table().find(id)).toMatchObject({
      status: 'failed',
      errorCode: 'UNKNOWN',
      errorMessage: 'Given up: 3 workers were lost while they worked at it.',
      failedAt: expect.any(Date),
      leasedBy: undefined,
    });
  });

  it('never gives a row up that only waited', async () => {
    await clear();
    const id = await insert('uploads/patient.pdf');
    for (let claim = 1; claim <= 6; claim++) {
      expect(await table().claim(lease)).toHaveLength(1);
      await expire(id);
    }
    expect(await table().claim(lease)).toHaveLength(1);
  });

  it('lets a later run of the same job take the row, and counts attempts but not what was handed back', async () => {
    await clear();
    const id = await insert('uploads/c.pdf');
    await table().claim(lease);
    expect(await begun(id, 'r1', 1)).toMatchObject({ attempts: 1 });
    await table().leave({ id, token: 'r1' }, false);
    expect(await table().find(id)).toMatchObject({ attempts: 0, status: 'processing' });
    expect(await begun(id, 'r2', 1)).toMatchObject({ attempts: 1 });
    await table().leave({ id, token: 'r2' }, true);
    expect(await begun(id, 'r3', 2)).toMatchObject({ attempts: 2 });
    expect(await begun(id, 'r4', 2)).toMatchObject({ attempts: 2 });
    expect(await table().renewRun({ id, token: 'r3' }, 60)).toBe(false);
    expect(await table().fail({ id, token: 'r4' }, { code: 'GW_4XX', message: 'No.' })).toBe(true);
    expect(await table().find(id)).toMatchObject({
      status: 'failed',
      errorCode: 'GW_4XX',
      errorMessage: 'No.',
      attempts: 2,
    });
    // A dead letter that is replayed keeps its job's key.
    expect(await begun(id, 'r5', 1)).toMatchObject({
      attempts: 3,
      errorCode: undefined,
      failedAt: undefined,
    });
  });

  it('fails the row of a job that ended outside any run, and no other', async () => {
    await clear();
    const id = await insert('uploads/d.pdf');
    await table().claim(lease);
    const failure = { code: 'UNKNOWN', message: 'Stalled.' };
    expect(await table().abandon(id, `conversion.${id}.9`, failure)).toBe(false);
    expect(await table().abandon(id, `conversion.${id}.1`, failure)).toBe(true);
    expect(await table().abandon(id, `conversion.${id}.1`, failure)).toBe(false);
    expect(await begun(id, 'hand', 1, 'document.7', false)).toBeUndefined();
    expect(await begun(id, 'hand', 1, 'document.7', true)).toMatchObject({ status: 'processing' });
    expect(await begun(id, 'other', 1, 'document.8', true)).toBeUndefined();
  });

  it('gives claims back that became no job, and a job by hand takes a waiting row', async () => {
    await clear();
    const id = await insert('uploads/e.pdf');
    await table().claim(lease);
    await table().release([`conversion.${id}.1`]);
    expect(await table().find(id)).toMatchObject({ status: 'queued', leasedBy: undefined });
    expect(await table().claim(lease)).toMatchObject([{ jobKey: `conversion.${id}.2` }]);
    await begun(id, 'r', 1, `conversion.${id}.2`);
    await table().release([`conversion.${id}.2`]);
    expect(await table().find(id)).toMatchObject({ status: 'processing' });
  });

  it('keeps an upload reserved until its row comes', async () => {
    await clear();
    const { pool, database } = open();
    await table().reserveUpload('uploads/new.pdf', 60);
    expect(await database.cleanup.claimRemoval(60)).toBeUndefined();
    const made = await table().create({
      id: 'new',
      uploadPath: 'uploads/new.pdf',
      mapping: 'default',
      fileName: 'ünïcode "x".pdf',
      uploadBytes: 5_000_000_000,
      addedBy: 'shop',
    });
    expect(made).toMatchObject({
      status: 'queued',
      fileName: 'ünïcode "x".pdf',
      uploadBytes: 5_000_000_000,
      addedBy: 'shop',
    });
    expect((await pool.query('select * from storage_removals')).rows).toEqual([]);

    await table().reserveUpload('uploads/lost.pdf', -1);
    expect(await database.cleanup.claimRemoval(60)).toBe('uploads/lost.pdf');
    await table().forgetUpload('uploads/lost.pdf');
    expect(await database.cleanup.claimRemoval(60)).toBeUndefined();
  });

  it('removes what ended long ago with its files, and nothing else', async () => {
    await clear();
    const { pool, database } = open();
    await pool.query(
      `insert into conversions (id, upload_path, status, result_path, completed_at, failed_at) values
         ('done', 'uploads/done.pdf', 'complete', 'results/done.xml', '2000-01-01', null),
         ('failed', '/etc/passwd', 'failed', null, null, '2000-01-01'),
         ('shared', 'uploads/shared.pdf', 'failed', null, null, '2000-01-01'),
         ('young', 'uploads/shared.pdf', 'complete', 'results/young.xml', now(), null),
         ('waiting', 'uploads/waiting.pdf', 'queued', null, null, null)`,
    );
    const cut = new Date('2001-01-01T00:00:00Z');
    expect(await database.cleanup.due('conversions', cut)).toEqual({ rows: 3, files: 2 });
    expect(await database.cleanup.removeBatch('conversions', cut, 10, 'clean-c')).toBe(3);
    expect(await database.cleanup.removeBatch('conversions', cut, 10, 'clean-c')).toBe(0);
    const removed: unknown[] = [];
    for (let key = await database.cleanup.claimRemoval(60); key !== undefined; ) {
      removed.push(key);
      await database.cleanup.finishRemoval(key, 'clean-c');
      key = await database.cleanup.claimRemoval(60);
    }
    expect(removed.sort()).toEqual(['results/done.xml', 'uploads/done.pdf']);
    const { rows } = await pool.query('select id from conversions order by id');
    expect(rows).toEqual([{ id: 'waiting' }, { id: 'young' }]);
  });

  it('refuses an id that could be no part of a file’s name', async () => {
    const strange = open().pool.query(`insert into conversions (id, upload_path) values ('../x', 'u')`);
    await expect(strange).rejects.toMatchObject({ code: '23514' });
  });
}
