import { expect, it } from 'vitest';
import type { Wrong } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const letters = (subject: string, holdSeconds = 0): Wrong => ({
  kind: 'dead-letters',
  subject,
  message: `Dead letters arrive in ${subject}.`,
  holdSeconds,
});

export function alertLedger(open: Open): void {
  it('tells each channel once that something is wrong, and once that it is over', async () => {
    const { alerts } = open().database;
    await alerts.note(['dead-letters'], [letters('email')]);
    await alerts.note(['dead-letters'], [letters('email')]);
    const raised = await alerts.claimNotice('a', 60);
    expect(raised).toMatchObject({ what: 'raised', kind: 'dead-letters', subject: 'email' });
    expect(raised?.raisedAt).toBeInstanceOf(Date);
    expect(raised?.resolvedAt).toBeUndefined();
    if (raised !== undefined) await alerts.settleNotice(raised, 'a');
    expect(await alerts.claimNotice('a', 60)).toBeUndefined();

    await alerts.note(['dead-letters'], []);
    const resolved = await alerts.claimNotice('a', 60);
    expect(resolved).toMatchObject({ id: raised?.id, what: 'resolved' });
    expect(resolved?.resolvedAt).toBeInstanceOf(Date);
    if (resolved !== undefined) await alerts.settleNotice(resolved, 'a');
    expect(await alerts.claimNotice('a', 60)).toBeUndefined();
    // It never heard that anything was wrong.
    expect(await alerts.claimNotice('b', 60)).toBeUndefined();
  });

  it('gives a notice to one of many who ask, and again when it was not taken', async () => {
    const { database, pool } = open();
    const { alerts } = database;
    await alerts.note(['dead-letters'], [letters('sync')]);
    const claims = await Promise.all(Array.from({ length: 8 }, () => alerts.claimNotice('c', 60)));
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    await pool.query(`update alert_notices set claimed_until = now() - interval '1 s' where channel = 'c'`);
    expect(await alerts.claimNotice('c', 60)).toMatchObject({ what: 'raised', subject: 'sync' });
    await alerts.note(['dead-letters'], []);
  });

  it('tells nobody of what mends itself in its time, and leaves kinds alone that were not looked at', async () => {
    const { database, pool } = open();
    const { alerts } = database;
    const noWorker: Wrong = { ...letters('document', 3_600), kind: 'no-worker' };
    await alerts.note(['no-worker'], [noWorker]);
    expect(await alerts.claimNotice('d', 60)).toBeUndefined();
    await alerts.note(['dead-letters', 'oldest-waiting'], []);
    const { rows } = await pool.query(`select resolved_at from alerts where kind = 'no-worker'`);
    expect(rows).toEqual([{ resolved_at: null }]);
    await pool.query(`update alerts set tell_at = now() where kind = 'no-worker'`);
    expect(await alerts.claimNotice('d', 60)).toMatchObject({ kind: 'no-worker', subject: 'document' });
    await alerts.note(['no-worker'], []);
  });
}
