import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deliveries } from '../../src/integrations/database/port.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let ledger: Deliveries;

beforeAll(async () => {
  world = await createWorld();
  ledger = world.database.deliveries;
});
afterAll(() => world.close());

const claim = (jobKey: string, change: { recipient?: string; provider?: string } = {}) =>
  ledger.claim({ jobKey, recipient: 'ada@example.org', template: 'welcome', provider: 'outbox', ...change });

async function stored(jobKey: string): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await world.pool.query(
    'select recipient, template, provider, status, message_id, reason, attempts, sent_at is not null as has_sent_at from email_deliveries where job_key = $1 order by recipient',
    [jobKey],
  );
  return rows;
}

describe('the ledger of mails', () => {
  it('opens a row at the first claim, counts further ones, and goes by the provider of the last', async () => {
    expect(await claim('count')).toEqual({ outcome: 'send', unclear: false, waitMs: 0 });
    expect(await claim('count', { provider: 'sendgrid' })).toMatchObject({ unclear: true });
    expect(await stored('count')).toMatchObject([{ attempts: 2, provider: 'sendgrid', status: 'claimed' }]);
  });

  it('answers what was sent, and by whom, to every later claim', async () => {
    await claim('sent');
    await ledger.settle({ jobKey: 'sent', recipient: 'ada@example.org', status: 'sent', messageId: 'm-1' });
    expect(await claim('sent', { provider: 'sendgrid' })).toEqual({
      outcome: 'settled',
      status: 'sent',
      provider: 'outbox',
      messageId: 'm-1',
      reason: undefined,
      fresh: false,
    });
    expect(await stored('sent')).toMatchObject([{ has_sent_at: true }]);
  });

  it('keeps the recipients of one job apart', async () => {
    await claim('two');
    await claim('two', { recipient: 'grace@example.org' });
    await ledger.settle({ jobKey: 'two', recipient: 'ada@example.org', status: 'sent', messageId: 'm-2' });
    expect(await stored('two')).toMatchObject([
      { recipient: 'ada@example.org', status: 'sent' },
      { recipient: 'grace@example.org', status: 'claimed', has_sent_at: false },
    ]);
  });

  it.each([
    ['suppressed', { outcome: 'settled', status: 'suppressed', reason: 'bounced', fresh: false }],
    ['rejected', { outcome: 'send', unclear: false }],
  ] as const)('notes %s with its reason and no time of sending', async (status, next) => {
    await claim(status);
    await ledger.settle({ jobKey: status, recipient: 'ada@example.org', status, reason: 'bounced' });
    expect(await stored(status)).toMatchObject([
      { status, reason: 'bounced', message_id: null, has_sent_at: false },
    ]);
    expect(await claim(status)).toMatchObject(next);
  });

  it('can be settled twice, and nothing undoes sent', async () => {
    const row = { jobKey: 'twice', recipient: 'ada@example.org' };
    await claim('twice');
    await ledger.settle({ ...row, status: 'sent', messageId: 'first' });
    await ledger.settle({ ...row, status: 'sent', messageId: 'second' });
    await ledger.settle({ ...row, status: 'rejected', reason: 'too late' });
    expect(await stored('twice')).toMatchObject([{ status: 'sent', message_id: 'first', reason: null }]);
  });

  it('lets a rejected mail be sent after all, once its cause is mended', async () => {
    const row = { jobKey: 'mended', recipient: 'ada@example.org' };
    await claim('mended');
    await ledger.settle({ ...row, status: 'rejected', reason: 'sender not verified' });
    await ledger.settle({ ...row, status: 'sent', messageId: 'm-3' });
    expect(await stored('mended')).toMatchObject([
      { status: 'sent', message_id: 'm-3', reason: null, has_sent_at: true },
    ]);
  });

  it('says so when a mail is settled that was never claimed', async () => {
    const settled = ledger.settle({ jobKey: 'never', recipient: 'ada@example.org', status: 'sent' });
    await expect(settled).rejects.toThrow(/claim it first/);
  });

  it('suppresses a mail whose address is on the list, whatever its case, and says so once', async () => {
    await world.pool.query(
      "insert into email_suppressions (email, reason) values ('eve@example.org', 'bounce')",
    );
    const refused = { outcome: 'settled', status: 'suppressed', reason: 'bounce' };
    expect(await claim('eve', { recipient: 'Eve@Example.ORG' })).toMatchObject({ ...refused, fresh: true });
    expect(await claim('eve', { recipient: 'Eve@Example.ORG' })).toMatchObject({ ...refused, fresh: false });
    expect(await claim('adam', { recipient: 'adam@example.org' })).toMatchObject({ outcome: 'send' });
    // One that was rejected before is not sent after all.
    await claim('late', { recipient: 'late@example.org' });
    await ledger.settle({ jobKey: 'late', recipient: 'late@example.org', status: 'rejected', reason: 'x' });
    await world.pool.query(
      "insert into email_suppressions (email, reason) values ('late@example.org', 'bounce')",
    );
    expect(await claim('late', { recipient: 'late@example.org' })).toMatchObject({ ...refused, fresh: true });
    expect(await stored('late')).toMatchObject([{ status: 'suppressed', reason: 'bounce' }]);
  });
});

describe('users', () => {
  it('are inserted, updated and found; of two with one id the later counts', async () => {
    const ada = { id: 'u-1', email: 'ada@example.org', name: 'Ada', company: undefined };
    await world.database.users.upsert([]);
    await world.database.users.upsert([
      { ...ada, company: 'Engines' },
      { ...ada, id: 'u-2' },
    ]);
    expect(await world.database.users.find('u-1')).toEqual({ ...ada, company: 'Engines' });
    await world.database.users.upsert([
      { ...ada, name: 'First' },
      { ...ada, name: 'Second' },
    ]);
    expect(await world.database.users.find('u-1')).toEqual({ ...ada, name: 'Second' });
    expect(await world.database.users.find('u-3')).toBeUndefined();
  });
});
