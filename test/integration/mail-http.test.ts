import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMailLinks } from '../../src/http/mail-links.ts';
import { ask, at, jwtSecret, openSite, type Site } from '../support/site.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const links = createMailLinks(jwtSecret, 'http://millrace.example');

let site: Site;
let count = 0;

beforeAll(async () => {
  site = await openSite({
    sendGridWebhookKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  });
});
afterAll(() => site.close());

/** Sends raw bytes, as SendGrid does. */
async function post(
  events: unknown,
  change: { body?: string; timestamp?: string; key?: typeof privateKey } = {},
) {
  const signed = `${JSON.stringify(events)}\r\n`;
  const timestamp = change.timestamp ?? String(Math.floor(Date.now() / 1_000));
  const signature = sign('sha256', Buffer.from(timestamp + signed), change.key ?? privateKey);
  const response = await fetch(`${site.service.url}/webhooks/sendgrid`, {
    method: 'POST',
    body: change.body ?? signed,
    headers: {
      'content-type': 'application/json',
      'x-twilio-email-event-webhook-signature': signature.toString('base64'),
      'x-twilio-email-event-webhook-timestamp': timestamp,
    },
  });
  await response.arrayBuffer();
  return response.status;
}

/** Why no mail may go there, by the function that every claim asks. */
async function refusalOf(email: string, userId?: string, kind?: string): Promise<string | undefined> {
  const { rows } = await site.world.pool.query<{ reason: string | null }>(
    'select mail_refusal($1, $2, $3) as reason',
    [email, userId, kind],
  );
  return rows[0]?.reason ?? undefined;
}

/** A mail that was sent, with its row in the ledger. */
async function sentMail(settled = true) {
  count += 1;
  const row = { jobKey: `job-${count}`, recipient: `User${count}@example.org` };
  await site.world.database.deliveries.claim({ ...row, template: 't', provider: 'sendgrid' });
  if (settled)
    await site.world.database.deliveries.settle({ ...row, status: 'sent', messageId: `m-${count}` });
  const event = (type: string, more: object = {}) => ({
    event: type,
    email: row.recipient.toLowerCase(),
    timestamp: 1_800_000_000,
    sg_event_id: `${row.jobKey}-${type}-${JSON.stringify(more)}`,
    sg_message_id: `m-${count}.filter0001.16648.5515E0B88.0`,
    job_key: row.jobKey,
    ...more,
  });
  const ledger = async () => {
    const { rows } = await site.world.pool.query(
      'select status, outcome, outcome_reason, message_id from email_deliveries where job_key = $1',
      [row.jobKey],
    );
    return rows[0];
  };
  return {
    ...row,
    event,
    ledger,
    suppressed: () => refusalOf(row.recipient),
  };
}

describe('SendGrid’s events', () => {
  it('that nobody has signed are refused, and soon not even looked at', async () => {
    const lone = await site.openSecond();
    const send = () => ask(`${lone.url}/webhooks/sendgrid`, 'POST', { body: [] });
    let answer = await send();
    expect(answer.status).toBe(403);
    for (let tries = 1; answer.status === 403 && tries < 400; tries += 1) answer = await send();
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([429, 'RATE_LIMITED']);
  });

  it.each([
    ['delivered', {}, 'delivered', undefined],
    ['bounce', { type: 'bounce', reason: '550 no such user' }, 'bounced', 'bounce'],
    ['bounce', { type: 'blocked', reason: '421 busy' }, 'bounced', undefined],
    ['dropped', { reason: 'Spam Reporting Address' }, 'dropped', 'spamreport'],
    ['dropped', { reason: 'Invalid SMTPAPI header' }, 'dropped', undefined],
    ['spamreport', {}, 'complained', 'spamreport'],
    ['unsubscribe', {}, 'unsubscribed', 'unsubscribe'],
    ['open', {}, null, undefined],
  ])(
    '%s %j makes the ledger say %s, and the suppression list %s',
    async (type, more, outcome, suppression) => {
      const mail = await sentMail();
      expect(await post([mail.event(type, more)])).toBe(204);
      expect(await mail.ledger()).toMatchObject({ status: 'sent', outcome });
      expect(await mail.suppressed()).toBe(suppression);
    },
  );

  it('keep the heavier outcome, in whatever order they come', async () => {
    const [a, b] = [await sentMail(), await sentMail()];
    await post([a.event('delivered')]);
    await post([a.event('spamreport')]);
    await post([b.event('spamreport')]);
    await post([b.event('delivered')]);
    expect(await a.ledger()).toMatchObject({ outcome: 'complained' });
    expect(await b.ledger()).toMatchObject({ outcome: 'complained' });
  });

  it('prove that a mail went out whose sending was never noted', async () => {
    const mail = await sentMail(false);
    await post([mail.event('delivered')]);
    expect(await mail.ledger()).toMatchObject({ status: 'sent', message_id: `m-${count}` });
  });

  it('are matched by the message’s id when they bear no job', async () => {
    const mail = await sentMail();
    await post([mail.event('delivered', { job_key: undefined })]);
    expect(await mail.ledger()).toMatchObject({ outcome: 'delivered' });
  });

  it('change nothing when they come again', async () => {
    const mail = await sentMail();
    const event = mail.event('bounce', { type: 'bounce' });
    expect(await post([event, event])).toBe(204);
    await site.world.pool.query('delete from email_suppressions where email = lower($1)', [mail.recipient]);
    expect(await post([event])).toBe(204);
    expect(await mail.suppressed()).toBeUndefined();
  });

  it.each([
    ['with another key', { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }],
    ['and changed afterwards', { body: '[{"event":"bounce"}]' }],
    ['two days ago', { timestamp: String(Math.floor(Date.now() / 1_000) - 2 * 86_400) }],
    ['an hour from now', { timestamp: String(Math.floor(Date.now() / 1_000) + 3_600) }],
  ])('signed %s are refused and change nothing', async (_, change) => {
    const mail = await sentMail();
    expect(await post([mail.event('spamreport')], change)).toBe(403);
    expect(await mail.ledger()).toMatchObject({ outcome: null });
    expect(await mail.suppressed()).toBeUndefined();
  });

  it('without a signature are refused; what cannot be read is passed over', async () => {
    expect((await site.ask('POST', '/webhooks/sendgrid', { body: [] })).status).toBe(403);
    const mail = await sentMail();
    const odd = [null, 7, 'x', {}, { event: 'bounce' }, { ...mail.event('bounce'), timestamp: 'never' }];
    expect(await post([...odd, mail.event('delivered')])).toBe(204);
    expect(await mail.ledger()).toMatchObject({ outcome: 'delivered' });
    expect(await post({ not: 'a list' })).toBe(204);
  });
});

describe('unsubscribing', () => {
  const person = { userId: 'u-1', email: 'ada@example.org', kind: 'reminders' as const };
  const path = (url: string) => url.replace('http://millrace.example', '');
  const refusal = (kind: 'reminders' | 'summaries' | 'documents', user = person) =>
    refusalOf(user.email, user.userId, kind);

  it('asks on GET, which changes nothing, and ends that kind alone by POST without a cookie', async () => {
    await site.world.database.users.upsert([
      { id: 'u-1', email: person.email, name: 'Ada', company: undefined },
    ]);
    const link = path(links.unsubscribe(person));
    const shown = await site.ask('GET', link);
    expect(shown.status).toBe(200);
    expect(shown.text).toContain('<form method="post"><button>Unsubscribe</button></form>');
    expect(await refusal('reminders')).toBeUndefined();

    const response = await fetch(`${site.service.url}${link}`, {
      method: 'POST',
      body: 'List-Unsubscribe=One-Click',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      redirect: 'error',
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(await refusal('reminders')).toBe('unsubscribed');
    expect(await refusal('summaries')).toBeUndefined();
    const { rows } = await site.world.pool.query("select wants_reminders from users where id = 'u-1'");
    expect(rows).toEqual([{ wants_reminders: false }]);
    expect((await site.ask('POST', link)).status).toBe(200);
  });

  it('works for an address whose user is not known', async () => {
    const stranger = { userId: 'gone', email: 'Gone@example.org', kind: 'documents' as const };
    await site.ask('POST', path(links.unsubscribe(stranger)));
    expect(await refusal('documents', { ...person, ...stranger, kind: 'reminders' })).toBe('unsubscribed');
  });

  it('refuses a link that is not ours', async () => {
    const link = path(links.unsubscribe({ ...person, kind: 'reminders' }));
    const forged = Buffer.from(JSON.stringify(['u-1', person.email, 'summaries'])).toString('base64url');
    const elsewhere = createMailLinks(
      'another-secret-that-has-more-than-32-bytes',
      'http://millrace.example',
    );
    for (const address of [
      link.replace(/\/unsubscribe\/[^.]+/, `/unsubscribe/${forged}`),
      link.slice(0, -2),
      `${link}.x`,
      path(elsewhere.unsubscribe({ ...person, kind: 'summaries' })),
      '/unsubscribe/x',
    ])
      expect((await site.ask('POST', address)).status).toBe(403);
    expect(await refusal('summaries')).toBeUndefined();
  });

  it('tells who comes with a browser on a page that a link is not good', async () => {
    for (const [address, advice] of [
      ['/unsubscribe/x', 'Use the one in the latest mail'],
      ['/files/d-1/report.pdf?expires=1&signature=x', 'This link has expired'],
    ]) {
      const answer = await fetch(`${site.service.url}${address}`, { headers: { accept: 'text/html,*/*' } });
      const text = await answer.text();
      expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8']);
      expect(text).toContain(advice);
      expect(text).not.toContain('/admin/queues');
      expect((await site.ask('GET', address ?? '')).text).toContain('"code":"FORBIDDEN"');
    }
  });
});

describe('/admin/mails', () => {
  it('lists every template and shows each in a frame that runs and fetches nothing', async () => {
    const token = await site.token('operator');
    const list = await site.ask('GET', '/admin/mails', { token });
    const names = [...list.text.matchAll(/href="\/admin\/mails\/([a-z-]+)"/g)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(['welcome', 'reminder', 'weekly-summary', 'document']));
    for (const name of names) {
      const shown = await site.ask('GET', `/admin/mails/${name}`, { token });
      expect(shown.text).toContain(`sandbox src="/admin/mails/${name}/html"`);
      expect(shown.headers.get('content-security-policy')).toContain("frame-src 'self'");
      const mail = await site.ask('GET', `/admin/mails/${name}/html`, { token });
      expect(mail.text).toMatch(/^<!doctype html>/);
      expect(mail.headers.get('content-security-policy')).toMatch(
        /(^|;)sandbox;.*default-src 'none'|default-src 'none'.*;sandbox/,
      );
      expect(mail.headers.get('x-frame-options')).toBe('SAMEORIGIN');
      expect((await site.ask('GET', `/admin/mails/${name}?view=text`, { token })).text).toContain('<pre');
    }
    expect((await site.ask('GET', '/admin/mails/none', { token })).status).toBe(404);
    expect((await site.ask('GET', '/admin/mails/welcome/html')).status).toBe(401);
  });
});
