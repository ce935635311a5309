import { expect, it } from 'vitest';
import type { Open } from '../database.ts';

const inAnHour = () => new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 3_600_000);

export function accessTables(open: Open): void {
  it('keeps tokens, revokes each once, and says which are revoked', async () => {
    const { tokens, revocations } = open().database.access;
    const wanted = {
      id: 't-1',
      subject: 'ci',
      role: 'operator',
      createdBy: 'root',
      expiresAt: inAnHour(),
    } as const;
    const made = await tokens.create(wanted);
    expect(made).toMatchObject({ ...wanted, createdAt: expect.any(Date), revokedAt: undefined });
    await expect(tokens.create(wanted)).rejects.toThrow();
    const revoked = await tokens.revoke('t-1', 'root');
    expect(revoked).toMatchObject({ revokedBy: 'root', revokedAt: expect.any(Date) });
    expect(await tokens.revoke('t-1', 'other')).toEqual(revoked);
    expect(await tokens.revoke('none', 'root')).toBeUndefined();
    const { at, ids } = await revocations.since(0);
    expect(ids).toContainEqual({ id: 't-1', until: wanted.expiresAt.getTime() });
    expect((await revocations.since(at + 1)).ids).toEqual([]);
    const past = { ...wanted, id: 't-2', expiresAt: new Date(Date.now() - 60_000) };
    await tokens.create(past);
    await tokens.revoke('t-2', 'root');
    expect((await revocations.since(0)).ids.map(({ id }) => id)).not.toContain('t-2');
  });

  it('lists tokens, the newest first, of all or of one user', async () => {
    const { tokens } = open().database.access;
    for (const id of ['l-1', 'l-2', 'l-3'])
      await tokens.create({
        id,
        subject: 'lister',
        role: 'viewer',
        createdBy: 'root',
        expiresAt: inAnHour(),
      });
    const [first, second] = await tokens.list({ subject: 'lister' }, 2);
    expect([first?.id, second?.id]).toEqual(['l-3', 'l-2']);
    const rest = await tokens.list({ subject: 'lister', before: second?.cursor }, 2);
    expect(rest.map(({ id }) => id)).toEqual(['l-1']);
    expect((await tokens.list({}, 1))[0]?.id).toBe('l-3');
  });

  it('ends a session, or all of a person', async () => {
    const { sessions, revocations } = open().database.access;
    const session = { subject: 'ada', via: 'oidc', expiresAt: inAnHour() } as const;
    for (const id of ['s-1', 's-2', 's-3']) await sessions.open({ ...session, id });
    await sessions.open({ ...session, id: 's-4', via: 'password' });
    await sessions.close('s-1');
    await sessions.close('s-1');
    const ended = async () =>
      (await revocations.since(0)).ids.map(({ id }) => id).filter((id) => id.startsWith('s-'));
    expect(await ended()).toEqual(['s-1']);
    expect(await sessions.closeAll('ada', 'oidc')).toBe(2);
    expect((await ended()).sort()).toEqual(['s-1', 's-2', 's-3']);
  });

  it('counts tries under all keys or none, exactly, however many come at once', async () => {
    const { tries } = open().database.access;
    const keys = [
      { key: 'z', most: 100 },
      { key: 'a', most: 5 },
    ];
    const waits = await Promise.all(
      Array.from({ length: 20 }, (_, index) => tries.take(index % 2 === 0 ? keys : keys.toReversed(), 900)),
    );
    expect(waits.filter((wait) => wait === 0)).toHaveLength(5);
    for (const wait of waits.filter((each) => each !== 0)) {
      expect(wait).toBeGreaterThan(800);
      expect(wait).toBeLessThanOrEqual(900);
    }
    await tries.forget(keys);
    expect(await tries.take(keys, 900)).toBe(0);
    expect(await tries.take(keys, 900)).toBeGreaterThan(0);
    expect(await tries.take([{ key: 'z', most: 6 }], 900)).toBe(0);
    expect(await tries.take([{ key: 'z', most: 6 }], 900)).toBeGreaterThan(0);
  });

  it('forgets tries when their time is over', async () => {
    const { database, pool } = open();
    const keys = [{ key: 'old', most: 1 }];
    expect(await database.access.tries.take(keys, 900)).toBe(0);
    expect(await database.access.tries.take(keys, 900)).toBeGreaterThan(0);
    await pool.query(`update sign_in_tries set ends_at = now() - interval '1 second' where key = 'old'`);
    expect(await database.access.tries.take([{ key: 'another', most: 1 }], 900)).toBe(0);
    const { rows } = await pool.query(`select 1 from sign_in_tries where key = 'old'`);
    expect(rows).toEqual([]);
    expect(await database.access.tries.take(keys, 900)).toBe(0);
  });
}
