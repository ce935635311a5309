import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { deliver } from '../../processors/email/deliver.ts';
import { queues } from '../../queues/index.ts';
import { MillraceError } from '../../src/errors/catalogue.ts';
import type { Database, Deliveries } from '../../src/integrations/database/port.ts';
import { createSmtp } from '../../src/integrations/mail/smtp.ts';
import { mailJobs } from '../support/mail-jobs.ts';
import { startSmtpPeer } from '../support/smtp-peer.ts';

const mails = mailJobs();
const { surroundings, remind, row } = mails;

/** The real ledger, save for a number of answers of `settle` that get lost or that never came to pass. */
function failingSettle(failures: number, written: boolean): Database & { readonly settles: () => number } {
  let settles = 0;
  const deliveries: Deliveries = {
    ...mails.world.database.deliveries,
    async settle(change) {
      settles += 1;
      if (settles > failures) return mails.world.database.deliveries.settle(change);
      if (written) await mails.world.database.deliveries.settle(change);
      throw new MillraceError('DATABASE_UNAVAILABLE', 'The connection broke off.');
    },
  };
  return { ...mails.world.database, deliveries, settles: () => settles };
}

describe('a suppressed address', () => {
  it('gets nothing, and the job completes with the reason', async () => {
    await mails.world.pool.query(
      "insert into email_suppressions (email, reason) values ('bounced@example.org', 'bounce')",
    );
    const result = await remind(mails.sendgrid, { key: 'suppressed', email: 'Bounced@example.org' });
    expect(result).toEqual({ status: 'suppressed', provider: 'sendgrid', reason: 'bounce' });
    expect(queues.email.jobs['send-reminder'].result.parse(result)).toEqual(result);
    expect(mails.server.requests).toBe(0);
    expect(await row('suppressed')).toMatchObject({ status: 'suppressed', reason: 'bounce' });
    expect(mails.settled).toMatchObject([{ status: 'suppressed' }]);

    await mails.world.pool.query("delete from email_suppressions where email = 'bounced@example.org'");
    expect(await remind(mails.sendgrid, { key: 'suppressed', email: 'Bounced@example.org' })).toEqual(result);
    expect(mails.server.requests).toBe(0);
  });

  it('does not turn a mail that was sent before into a suppressed one', async () => {
    const email = 'later@example.org';
    await remind(mails.sendgrid, { key: 'sent-first', email });
    await mails.world.pool.query('insert into email_suppressions (email, reason) values ($1, $2)', [
      email,
      'complaint',
    ]);
    expect(await remind(mails.sendgrid, { key: 'sent-first', email })).toMatchObject({
      status: 'already-sent',
    });
    expect(await row('sent-first')).toMatchObject({ status: 'sent' });
  });
});

describe('a mail that the provider does not take', () => {
  it('is noted as rejected, with the reason, and not retried', async () => {
    mails.server.script({
      status: 403,
      body: { errors: [{ message: 'Sender not verified.', field: 'from' }] },
    });
    await expect(remind(mails.sendgrid, { key: 'rejected' })).rejects.toMatchObject({
      code: 'MAIL_REJECTED',
      retryable: false,
    });
    expect(await row('rejected')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('from: Sender not verified.'),
    });
    expect(mails.settled).toMatchObject([{ status: 'rejected' }]);
  });

  it('is sent by a replay, once the cause is mended', async () => {
    mails.server.script({ status: 403, body: { errors: [] } });
    await expect(remind(mails.sendgrid, { key: 'replayed' })).rejects.toMatchObject({
      code: 'MAIL_REJECTED',
    });
    expect(await remind(mails.sendgrid, { key: 'replayed' })).toMatchObject({ status: 'sent' });
    expect(await row('replayed')).toMatchObject({ status: 'sent', reason: null });
  });

  it('is still reported as rejected when the ledger cannot note it', async () => {
    mails.server.script({ status: 400, body: { errors: [] } });
    const database = failingSettle(1, false);
    await expect(remind(mails.sendgrid, { key: 'unnoted', database })).rejects.toMatchObject({
      code: 'MAIL_REJECTED',
    });
    expect(mails.settled).toEqual([]);
  });

  it.each([
    [{ status: 500 }, 'MAIL_UNAVAILABLE', true, 1],
    [{ status: 401 }, 'MAIL_UNAUTHORIZED', false, 1],
    // Told to wait, nothing went out: the claim is taken back.
    [{ status: 429, headers: { 'x-ratelimit-reset': '0' } }, 'MAIL_RATE_LIMITED', true, 0],
    ['reset', 'MAIL_UNAVAILABLE', true, 1],
  ] as const)(
    'stays claimed after %j and goes out at the next attempt',
    async (answer, code, retryable, attempts) => {
      const key = `unsettled:${JSON.stringify(answer)}`;
      mails.server.script(answer);
      await expect(remind(mails.sendgrid, { key })).rejects.toMatchObject({ code, retryable });
      expect(await row(key)).toMatchObject({ status: 'claimed', attempts });
      expect(mails.settled).toEqual([]);
      expect(await remind(mails.sendgrid, { key })).toMatchObject({ status: 'sent' });
      expect(await row(key)).toMatchObject({ status: 'sent', attempts: attempts + 1 });
      expect(mails.server.accepted).toHaveLength(1);
    },
  );
});

describe('when the outcome is not known', () => {
  it('a mail whose answer was lost is sent again: at least once', async () => {
    mails.server.script('accept-then-reset');
    await expect(remind(mails.sendgrid, { key: 'lost' })).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' });
    expect(await row('lost')).toMatchObject({ status: 'claimed' });
    expect(await remind(mails.sendgrid, { key: 'lost' })).toMatchObject({
      status: 'sent',
      messageId: 'fake-000002',
    });
    expect(mails.server.accepted.map(({ body }) => body.custom_args)).toEqual([
      { job_key: 'lost' },
      { job_key: 'lost' },
    ]);
  });

  it('a worker that died before the note leaves one file in the outbox: exactly once', async () => {
    // What is left of such a worker is the claim and the file.
    const claim = {
      jobKey: 'died',
      recipient: 'ada@example.org',
      template: 'opportunity-reminder',
      provider: 'outbox',
    };
    await mails.world.database.deliveries.claim(claim);
    const mail = { to: 'ada@example.org', subject: 's', html: 'h', text: 't', category: 'c', jobKey: 'died' };
    const before = await mails.outbox.send(mail, new AbortController().signal);
    const result = await remind(mails.outbox, { key: 'died' });
    expect(result).toEqual({ status: 'sent', provider: 'outbox', messageId: before.messageId });
    expect(await readdir(mails.outboxDir)).toEqual([before.messageId]);
    expect(await row('died')).toMatchObject({ status: 'sent', attempts: 2 });
  });

  it('an aborted job leaves the mail claimed and says why it ended', async () => {
    mails.server.script('hang');
    const controller = new AbortController();
    const reason = new MillraceError('JOB_ABORTED', 'The worker is stopping.');
    const running = remind(mails.sendgrid, { key: 'aborted', signal: controller.signal });
    const ended = expect(running).rejects.toBe(reason);
    await mails.server.requested(1);
    controller.abort(reason);
    await ended;
    expect(await row('aborted')).toMatchObject({ status: 'claimed' });
  });
});

describe('when the ledger fails after the mail was accepted', () => {
  const content = {
    to: 'ada@example.org',
    subject: 'Subject',
    html: '<p>Hello</p>',
    text: 'Hello',
    category: 'welcome',
  };
  const run = (key: string, database: Database, pauses?: readonly number[], signal?: AbortSignal) => {
    const context = surroundings('send-reminder', mails.sendgrid, {
      key,
      database,
      ...(signal === undefined ? {} : { signal }),
    });
    return deliver(context, content, pauses);
  };

  it('the note is tried again, and one mail goes out', async () => {
    const database = failingSettle(2, false);
    expect(await run('note-again', database, [0, 0, 0])).toMatchObject({ status: 'sent' });
    expect(database.settles()).toBe(3);
    expect(mails.server.accepted).toHaveLength(1);
    expect(await row('note-again')).toMatchObject({ status: 'sent', message_id: 'fake-000001' });
    expect(mails.settled).toHaveLength(1);
  });

  it('a note that was written and whose answer was lost does no harm', async () => {
    expect(await run('note-lost', failingSettle(1, true), [0])).toMatchObject({ status: 'sent' });
    expect(await row('note-lost')).toMatchObject({ status: 'sent', message_id: 'fake-000001' });
  });

  it('the note is written although the job is told to stop', async () => {
    const controller = new AbortController();
    const stopping: Database = {
      ...mails.world.database,
      deliveries: {
        ...mails.world.database.deliveries,
        async settle(change) {
          controller.abort();
          await mails.world.database.deliveries.settle(change);
        },
      },
    };
    expect(await run('note-stop', stopping, [0], controller.signal)).toMatchObject({ status: 'sent' });
    expect(await row('note-stop')).toMatchObject({ status: 'sent' });
  });

  it('a ledger that stays away ends the job for good, so that the mail is not sent twice', async () => {
    const database = failingSettle(Number.POSITIVE_INFINITY, false);
    await expect(run('note-never', database, [0, 0])).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      retryable: false,
      message: expect.stringContaining('fake-000001'),
    });
    expect(database.settles()).toBe(3);
    expect(mails.server.accepted).toHaveLength(1);
    expect(mails.settled).toEqual([]);
  });
});

describe('a server that turns a mail away for now', () => {
  it('is asked again when the mail has waited, which costs no attempt and leaves no doubt, until it is too old', async () => {
    const peer = await startSmtpPeer();
    const smtp = createSmtp({ url: peer.url, from: 'noreply@example.com', comeBackMs: 60_000 });
    const turnAway = () => peer.refuseNext({ at: 'rcpt', code: 451 });
    const unavailable = { code: 'MAIL_UNAVAILABLE', retryable: true };
    try {
      turnAway();
      await expect(remind(smtp, { key: 'grey' })).rejects.toMatchObject({
        ...unavailable,
        retryAfterMs: 60_000,
      });
      expect(await row('grey')).toMatchObject({ status: 'claimed', attempts: 0 });
      // The other mails do not wait for this one.
      expect(await mails.world.database.deliveries.pausedMs('smtp')).toBe(0);
      turnAway();
      const addedAt = new Date(Date.now() - 7 * 3_600_000);
      await expect(remind(smtp, { key: 'grey', addedAt })).rejects.toMatchObject({
        ...unavailable,
        retryAfterMs: undefined,
      });
      expect(await remind(smtp, { key: 'grey' })).toMatchObject({ status: 'sent', provider: 'smtp' });
      expect(peer.mails).toHaveLength(1);
    } finally {
      smtp.close?.();
      await peer.close();
    }
  });
});
