import { beforeAll, expect, it } from 'vitest';
import type { MailClaim, MailEvent, MailingPage } from '../../../src/integrations/database/port.ts';
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

const suppressing = (email: string): MailEvent => ({
  id: `suppressing-${email}`,
  type: 'bounced',
  email,
  at: new Date('2026-01-01T00:00:00Z'),
  jobKey: undefined,
  messageId: undefined,
  reason: '550',
  suppress: 'bounced',
});

export function mailLedger(open: Open): void {
  it('claims, counts attempts, and lets nothing undo a sent mail', async () => {
    const { deliveries } = open().database;
    expect(await deliveries.claim(claim)).toEqual({ outcome: 'send', unclear: false, waitMs: 0 });
    expect(await deliveries.claim({ ...claim, provider: 'sendgrid' })).toEqual({
      outcome: 'send',
      unclear: true,
      waitMs: 0,
    });
    await deliveries.settle({ ...claim, status: 'sent', messageId: 'm1' });
    await deliveries.settle({ ...claim, status: 'rejected', reason: 'late' });
    expect(await deliveries.claim(claim)).toEqual({
      outcome: 'settled',
      status: 'sent',
      provider: 'sendgrid',
      messageId: 'm1',
      reason: undefined,
      fresh: false,
    });
  });

  it('does not take a claim that was taken back for one without an outcome', async () => {
    const { deliveries } = open().database;
    const mail = { ...claim, jobKey: 'email:send-reminder:back' };
    await deliveries.claim(mail);
    await deliveries.unclaim(mail);
    expect(await deliveries.claim(mail)).toMatchObject({ outcome: 'send', unclear: false });
  });

  it('answers each of many mails at once for itself, and counts the claims of one', async () => {
    const { deliveries } = open().database;
    await deliveries.recordEvents([suppressing('crowd-7@example.org')]);
    const mails = Array.from({ length: 250 }, (_, at) => ({
      ...claim,
      jobKey: `email:crowd:${at}`,
      recipient: `crowd-${at}@example.org`,
    }));
    const claims = await Promise.all(mails.map((mail) => deliveries.claim(mail)));
    expect(claims.flatMap(({ outcome }, at) => (outcome === 'send' ? [] : [at]))).toEqual([7]);
    expect(claims[7]).toMatchObject({
      outcome: 'settled',
      status: 'suppressed',
      reason: 'bounced',
      fresh: true,
    });
    const settled = mails.map(async (mail, at) => {
      if (at !== 7) await deliveries.settle({ ...mail, status: 'sent', messageId: `m-${at}` });
    });
    await Promise.all(settled);
    const again = await Promise.all(mails.map((mail) => deliveries.claim(mail)));
    expect(again.map((known) => known.outcome === 'settled' && known.messageId)).toEqual(
      mails.map((_, at) => (at === 7 ? undefined : `m-${at}`)),
    );
    const same = await Promise.all(
      Array.from({ length: 20 }, () => deliveries.claim({ ...claim, jobKey: 'email:race' })),
    );
    expect(same.filter((known) => known.outcome === 'send' && !known.unclear)).toHaveLength(1);
    const race = { ...claim, jobKey: 'email:race' };
    const outcomes = ['rejected', 'sent', 'rejected'] as const;
    await Promise.all(outcomes.map((status) => deliveries.settle({ ...race, status, messageId: status })));
    expect(await deliveries.claim(race)).toMatchObject({
      outcome: 'settled',
      status: 'sent',
      messageId: 'sent',
    });
  });

  it('lets one mail that it cannot hold fail alone', async () => {
    const { deliveries } = open().database;
    const outcomes = await Promise.allSettled(
      ['a', 'b\0', 'c'].map((name) => deliveries.claim({ ...claim, jobKey: `email:bad:${name}` })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('keeps the mails of a provider apart in time, those beyond its reach unclaimed', async () => {
    const { deliveries } = open().database;
    const paced = { ...claim, provider: 'paced', intervalUs: 2_000_000 };
    const claims = await Promise.all(
      Array.from({ length: 5 }, (_, at) => deliveries.claim({ ...paced, jobKey: `email:paced:${at}` })),
    );
    const places = claims.flatMap((known) => (known.outcome === 'send' ? [known.waitMs] : []));
    // One now, one in two seconds, one in four; the others would come after the five seconds that a job may wait.
    expect(places.sort((a, b) => a - b)).toEqual([0, expect.closeTo(2_000, -2), expect.closeTo(4_000, -2)]);
    expect(claims.filter(({ outcome }) => outcome === 'limit')).toHaveLength(2);
    expect(await rowsOf('email:paced:%')).toBe(3);
    // A mail that is not sent takes no place: the next one's is as far off as ever.
    await deliveries.recordEvents([suppressing('paced@example.org')]);
    const [refused, limited] = await Promise.all([
      deliveries.claim({ ...paced, jobKey: 'email:paced:a', recipient: 'paced@example.org' }),
      deliveries.claim({ ...paced, jobKey: 'email:paced:b' }),
    ]);
    expect(refused).toMatchObject({ outcome: 'settled', status: 'suppressed' });
    expect(limited).toMatchObject({ outcome: 'limit' });
  });

  it('keeps everybody from a provider that asked for it, and takes the longer of two pauses', async () => {
    const { deliveries } = open().database;
    expect(await deliveries.pausedMs('tired')).toBe(0);
    await deliveries.pause('tired', 60_000);
    await deliveries.pause('tired', 10);
    expect(await deliveries.pausedMs('tired')).toBeGreaterThan(30_000);
    const tired = { ...claim, provider: 'tired', jobKey: 'email:tired' };
    for (const mail of [tired, { ...tired, intervalUs: 1_000 }]) {
      expect(await deliveries.claim(mail)).toEqual({ outcome: 'paused', waitMs: expect.any(Number) });
    }
    expect(await rowsOf('email:tired')).toBe(0);
    expect(await deliveries.claim({ ...tired, provider: 'fresh' })).toMatchObject({ outcome: 'send' });
  });

  async function rowsOf(jobKey: string): Promise<number | null> {
    const { rowCount } = await open().pool.query('select from email_deliveries where job_key like $1', [
      jobKey,
    ]);
    return rowCount;
  }

  it('refuses to settle a mail that nobody claimed, without naming the person', async () => {
    const settled = open().database.deliveries.settle({ jobKey: 'none', recipient: 'x@y.z', status: 'sent' });
    await expect(settled).rejects.toThrow('claim it first');
    await expect(settled).rejects.not.toThrow('x@y.z');
  });

  it('takes events in once, and suppresses as they say', async () => {
    const { deliveries, users } = open().database;
    const event = { ...suppressing('Gone@Example.org'), id: 'e1' };
    expect(await deliveries.recordEvents([event, { ...event, id: 'e2', suppress: undefined }])).toBe(2);
    expect(await deliveries.recordEvents([event])).toBe(0);
    expect(await deliveries.recordEvents([])).toBe(0);
    let mails = 0;
    const refusal = async (recipient: string, preference?: MailClaim['preference']) => {
      mails += 1;
      const asked = { ...claim, jobKey: `refusal-${mails}`, recipient };
      const claimed = await deliveries.claim(preference === undefined ? asked : { ...asked, preference });
      return claimed.outcome === 'settled' ? claimed.reason : claimed.outcome;
    };
    expect(await refusal('gone@example.ORG')).toBe('bounced');
    expect(await refusal('ada@example.org')).toBe('send');
    await users.upsert([{ id: 'quiet', email: 'quiet@example.org', name: 'Q', company: undefined }]);
    await users.unsubscribe({ userId: 'quiet', email: 'quiet@example.org', kind: 'summaries' });
    await users.unsubscribe({ userId: 'unknown', email: 'Else@Example.org', kind: 'reminders' });
    const asked = (email: string, userId: string, kind: 'reminders' | 'summaries') =>
      refusal(email, { userId, kind });
    expect(await asked('quiet@example.org', 'quiet', 'summaries')).toBe('unsubscribed');
    expect(await asked('quiet@example.org', 'quiet', 'reminders')).toBe('send');
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
