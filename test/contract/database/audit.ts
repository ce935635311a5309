import { expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const entry: AuditEntry = {
  subject: 'ada',
  name: 'Ada Lovelace',
  role: 'operator',
  via: 'oidc',
  action: 'job.retry',
  object: 'job:email/1',
  address: '2001:db8::1',
  userAgent: 'Firefox "quoted" \\',
  correlationId: 'c-1',
  detail: { state: 'failed' },
};

export function auditLog(open: Open): void {
  it('keeps an entry as it was given, and adds how it ended; the first outcome stays', async () => {
    const { audit } = open().database;
    const id = await audit.begin(entry);
    expect(await audit.list({ subject: 'ada' }, 10)).toEqual([
      { ...entry, id, at: expect.any(Date), outcome: undefined },
    ]);
    await audit.end(id, 'failed', { error: 'JOB_NOT_FOUND' });
    await audit.end(id, 'done');
    expect(await audit.list({ subject: 'ada' }, 10)).toEqual([
      expect.objectContaining({ id, outcome: 'failed', detail: { state: 'failed', error: 'JOB_NOT_FOUND' } }),
    ]);
  });

  it('keeps an entry that says no more than it must', async () => {
    const { audit } = open().database;
    const bare: AuditEntry = {
      subject: 'nobody',
      via: 'password',
      action: 'sign-in',
      object: 'session:new',
      correlationId: 'c-2',
    };
    await audit.end(await audit.begin(bare), 'refused');
    expect(await audit.list({ subject: 'nobody' }, 10)).toEqual([
      expect.objectContaining({
        ...bare,
        role: undefined,
        address: undefined,
        detail: undefined,
        outcome: 'refused',
      }),
    ]);
  });

  it('finds by person, action, object, time, and goes on where a page ended', async () => {
    const { audit } = open().database;
    const objects = ['queue:a_b', 'queue:axb', 'queue:a_b/1', 'job:a\\b/1'];
    const ids: string[] = [];
    for (const object of objects)
      ids.push(await audit.begin({ ...entry, subject: 'finder', action: 'queue.pause', object }));
    const found = async (filter: Parameters<typeof audit.list>[0], limit = 10) =>
      (await audit.list({ subject: 'finder', ...filter }, limit)).map(({ object }) => object);
    expect(await found({})).toEqual(objects.toReversed());
    expect(await found({ action: 'queue.pause' })).toHaveLength(4);
    expect(await found({ action: 'queue.resume' })).toEqual([]);
    expect(await found({ object: 'queue:a_b' })).toEqual(['queue:a_b']);
    expect(await found({ object: 'queue:a_b*' })).toEqual(['queue:a_b/1', 'queue:a_b']);
    expect(await found({ object: 'job:a\\*' })).toEqual(['job:a\\b/1']);
    expect(await found({ object: '%' })).toEqual([]);
    const [first] = await audit.list({ subject: 'finder' }, 1);
    expect(await found({ before: first?.id }, 2)).toEqual(['queue:a_b/1', 'queue:axb']);
    const all = await audit.list({ subject: 'finder' }, 10);
    const at = all.find(({ id }) => id === ids[1])?.at ?? new Date(0);
    // Times are kept in milliseconds, so entries may share one.
    const later = all.filter((record) => record.at >= at);
    expect(await found({ from: at })).toEqual(later.map(({ object }) => object));
    const earlier = all.filter((record) => record.at < at);
    expect(await found({ until: at })).toEqual(earlier.map(({ object }) => object));
  });

  it('finds by outcome, and what has none yet', async () => {
    const { audit } = open().database;
    const subject = 'ender';
    const ids: string[] = [];
    for (const outcome of ['done', 'refused', 'failed', undefined] as const) {
      const id = await audit.begin({ ...entry, subject });
      if (outcome !== undefined) await audit.end(id, outcome);
      ids.push(id);
    }
    for (const [index, outcome] of (['done', 'refused', 'failed', 'open'] as const).entries())
      expect((await audit.list({ subject, outcome }, 10)).map(({ id }) => id)).toEqual([ids[index]]);
    expect(await audit.list({ subject }, 10)).toHaveLength(4);
  });

  it('refuses to change, remove or empty what is written, past the driver too', async () => {
    const { database, pool } = open();
    const id = await database.audit.begin({ ...entry, subject: 'keeper' });
    await database.audit.end(id, 'done');
    for (const table of ['audit_log', 'audit_outcomes']) {
      const key = table === 'audit_log' ? 'id' : 'audit_id';
      for (const sql of [
        `update ${table} set at = now() where ${key} = ${id}`,
        `delete from ${table} where ${key} = ${id}`,
        `truncate ${table} cascade`,
      ])
        await expect(pool.query(sql)).rejects.toThrow('only grows');
    }
    expect(await database.audit.list({ subject: 'keeper' }, 10)).toHaveLength(1);
  });
}
