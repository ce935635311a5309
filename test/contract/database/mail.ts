import { beforeAll, expect, it } from 'vitest';
import type { MailEvent, MailingPage } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const claim = {
  jobKey: 'email:send-reminder:1',
  recipient: `o'brien+"x"@example.org`,
  template: 'reminder',
  provider: 'outbox',
};

const page: MailingPage = {
  after: 'fan-',
  limit: 2,
  from: new Date('2030-01-01T00:00:00Z'),
  until: new Date('2030-01-08T00:00:00Z'),
  most: 3,
  keyPrefix: 'email:fan:',
};

export function mailLedger(open: Open): void {
  it('claims, counts attempts, and lets nothing undo a sent mail', async () => {
    const { deliveries } = open().database;
    expect(await deliveries.claim(claim)).toEqual({
      status: 'claimed',
      provider: 'outbox',
      messageId: undefined,
      reason: undefined,
      attempts: 1,
    });
    expect(await deliveries.claim({ ...claim, provider: 'sendgrid' })).toMatchObject({
      attempts: 2,
      provider: 'sendgrid',
    });
    await deliveries.settle({ ...claim, status: 'sent', messageId: 'm1' });
    await deliveries.settle({ ...claim, status: 'rejected', reason: 'late' });
    expect(await deliveries.claim(claim)).toMatchObject({
      status: 'sent',
      messageId: 'm1',
      reason: undefined,
      attempts: 2,
    });
  });

  it('refuses to settle a mail that nobody claimed, without naming the person', async () => {
    const settled = open().database.deliveries.settle({ jobKey: 'none', recipient: 'x@y.z', status: 'sent' });
    await expect(settled).rejects.toThrow('claim it first');
    await expect(settled).rejects.not.toThrow('x@y.z');
  });

  it('takes events in once, and suppresses as they say', async () => {
    const { deliveries, users } = open().database;
    const event: MailEvent = {
      id: 'e1',
      type: 'bounced',
      email: 'Gone@Example.org',
      at: new Date('2026-01-01T00:00:00Z'),
      jobKey: undefined,
      messageId: undefined,
      reason: '550',
      suppress: 'bounced',
    };
    expect(await deliveries.recordEvents([event, { ...event, id: 'e2', suppress: undefined }])).toBe(2);
    expect(await deliveries.recordEvents([event])).toBe(0);
    expect(await deliveries.recordEvents([])).toBe(0);
    expect(await deliveries.suppression('gone@example.ORG')).toBe('bounced');
    expect(await deliveries.suppression('ada@example.org')).toBeUndefined();
    await users.upsert([{ id: 'quiet', email: 'quiet@example.org', name: 'Q', company: undefined }]);
    await users.unsubscribe({ userId: 'quiet', email: 'quiet@example.org', kind: 'summaries' });
    await users.unsubscribe({ userId: 'unknown', email: 'Else@Example.org', kind: 'reminders' });
    const asked = (email: string, userId: string, kind: 'reminders' | 'summaries') =>
      deliveries.suppression(email, { userId, kind });
    expect(await asked('quiet@example.org', 'quiet', 'summaries')).toBe('unsubscribed');
    expect(await asked('quiet@example.org', 'quiet', 'reminders')).toBeUndefined();
    expect(await asked('else@example.org', 'whoever', 'reminders')).toBe('unsubscribed');
  });

  describeFanOut(open);
}

function describeFanOut(open: Open): void {
  beforeAll(async () => {
    const { database, pool } = open();
    const ids = ['fan-1', 'fan-2', 'fan-3', 'fan-4'];
    await database.users.upsert(
      ids.map((id) => ({ id, email: `${id}@example.org`, name: id, company: undefined })),
    );
    await database.users.unsubscribe({ userId: 'fan-3', email: '', kind: 'reminders' });
    await pool.query(
      `insert into opportunities (notice_id, title, posted_on, response_deadline, raw, content_hash)
       values ('fan-late', 'Later', '2029-12-31', '2030-01-05 17:00+00', '{}', 'x'),
              ('fan-soon', 'Sooner', '2029-12-31', '2030-01-02 17:00+00', '{}', 'x'),
              ('fan-past', 'Past', '2029-12-31', '2029-12-31 17:00+00', '{}', 'x')`,
    );
    await pool.query(
      `insert into saved_opportunities (user_id, notice_id)
       select 'fan-1', notice_id from opportunities where notice_id like 'fan-%'`,
    );
    await database.deliveries.claim({ ...claim, jobKey: 'email:fan:fan-2', recipient: 'fan-2@example.org' });
    await database.deliveries.settle({
      jobKey: 'email:fan:fan-2',
      recipient: 'fan-2@example.org',
      status: 'sent',
    });
  });

  it('gives the users of a fan-out page by page, with what closes for them', async () => {
    const { mailings } = open().database;
    const wanting = (await mailings.audience('summaries')) - (await mailings.audience('reminders'));
    // One unsubscribed from reminders, and one, in the case before, from summaries.
    expect(wanting).toBe(0);
    expect(await mailings.audience('reminders')).toBeGreaterThan(3);
    const first = await mailings.reminders(page);
    expect(first.map(({ userId, mailed }) => [userId, mailed])).toEqual([
      ['fan-1', false],
      ['fan-2', true],
    ]);
    expect(first[0]?.opportunities.map(({ noticeId }) => noticeId)).toEqual(['fan-soon', 'fan-late']);
    expect(new Date(first[0]?.opportunities[0]?.deadline ?? '').toISOString()).toBe(
      '2030-01-02T17:00:00.000Z',
    );
    const second = await mailings.reminders({ ...page, after: 'fan-2' });
    expect(second[0]).toMatchObject({ userId: 'fan-4', opportunities: [] });
    const summaries = await mailings.summaries(page, '2029-12-31');
    expect(summaries[0]).toMatchObject({
      userId: 'fan-1',
      deadlines: [{ title: 'Sooner' }, { title: 'Later' }],
      proposalsSubmitted: 0,
      awarded: undefined,
    });
  });

  it('gives the figures that all summaries of a week share', async () => {
    const { from, until } = page;
    const figures = await open().database.mailings.summaryFigures({
      weekStart: '2029-12-31',
      from,
      until,
      most: 1,
    });
    expect(figures).toMatchObject({
      newOpportunities: 3,
      closingSoon: 2,
      top: [{ noticeId: 'fan-soon', title: 'Sooner', agency: undefined }],
    });
  });
}
