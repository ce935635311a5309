import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliver } from '../../processors/email/deliver.ts';
import { sendDocument } from '../../processors/email/send-document.ts';
import { sendProposalNotification } from '../../processors/email/send-proposal-notification.ts';
import { sendReminder } from '../../processors/email/send-reminder.ts';
import { sendWeeklySummary } from '../../processors/email/send-weekly-summary.ts';
import { sendWelcome } from '../../processors/email/send-welcome.ts';
import type { ParsedPayload } from '../../queues/index.ts';
import { queues } from '../../queues/index.ts';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { createMailLinks } from '../../src/http/mail-links.ts';
import type { Database, Deliveries } from '../../src/integrations/database/port.ts';
import { createOutbox } from '../../src/integrations/mail/outbox.ts';
import type { MailProvider } from '../../src/integrations/mail/port.ts';
import { createSendGrid } from '../../src/integrations/mail/sendgrid.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { type EventMap, Events } from '../../src/observability/events.ts';
import type { JobLog } from '../../src/worker/context.ts';
import { type FakeSendGrid, startFakeSendGrid } from '../support/fake-sendgrid.ts';
import { readMail } from '../support/mail-message.ts';
import { createWorld, type World } from '../support/world.ts';

const apiKey = 'SG.integration';
const from = 'noreply@example.com';
const settings = {
  appUrl: 'https://app.example.com',
  mailFrom: from,
  samGovDailyLimit: 1_000,
  debugScoring: false,
};

let world: World;
let storage: Storage;
let server: FakeSendGrid;
let outboxDir: string;
let sendgrid: MailProvider;
let outbox: MailProvider;
let events: Events;
let settled: EventMap['mail.settled'][];
let jobs = 0;

beforeAll(async () => {
  world = await createWorld();
  storage = createLocalStorage({ dir: join(world.dataDir, 'storage') });
});
afterAll(() => world.close());
beforeEach(async () => {
  server = await startFakeSendGrid({ apiKey });
  outboxDir = await mkdtemp(join(tmpdir(), 'millrace-outbox-'));
  sendgrid = createSendGrid({ apiKey, baseUrl: server.baseUrl, from, timeoutMs: 5_000 });
  outbox = createOutbox({ dir: outboxDir, from });
  settled = [];
  events = new Events();
  events.on('mail.settled', (event) => void settled.push(event));
});
afterEach(async () => {
  await server.close();
  await rm(outboxDir, { recursive: true });
});

const reminder = (email = 'ada@example.org'): ParsedPayload<'email', 'send-reminder'> => ({
  type: 'opportunity-reminder',
  data: {
    userId: 'u-1',
    email,
    opportunities: [
      {
        noticeId: 'late',
        title: 'Later one',
        agency: 'VA',
        deadline: '2026-12-09',
        url: 'https://sam.gov/late',
      },
      {
        noticeId: 'soon',
        title: 'Soon <b>&</b>',
        agency: 'HHS',
        deadline: '2026-12-04T14:00:00Z',
        url: 'https://sam.gov/soon',
      },
    ],
  },
});

interface Changes {
  readonly database?: Database;
  readonly signal?: AbortSignal;
  /** The key of an earlier job, to run it again. */
  readonly key?: string;
}

/** What every mail's context holds besides its payload: real database, real provider. */
function surroundings(name: string, mail: MailProvider, changes: Changes) {
  jobs += 1;
  const key = changes.key ?? `email:${name}:${jobs}`;
  return {
    job: { id: key, queue: 'email', name, attempt: 1, maxAttempts: 3, key, correlationId: 'c-1' },
    log: quiet,
    signal: changes.signal ?? new AbortController().signal,
    progress: () => undefined,
    addJobs: () => Promise.reject(new Error('A mail adds no further jobs.')),
    addJob: () => Promise.reject(new Error('A mail adds no further jobs.')),
    services: { mail, database: changes.database ?? world.database, storage, links, events, settings },
  };
}

const links = createMailLinks('a-secret-of-the-tests-with-more-than-32-bytes', settings.appUrl);

const quiet: JobLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function remind(mail: MailProvider, changes: Changes & { readonly email?: string } = {}) {
  const payload = reminder(changes.email);
  return sendReminder.run({ ...payload, payload, ...surroundings('send-reminder', mail, changes) });
}

async function row(key: string): Promise<Record<string, unknown> | undefined> {
  const { rows } = await world.pool.query(
    'select status, provider, template, message_id, reason, attempts from email_deliveries where job_key = $1',
    [key],
  );
  expect(rows.length).toBeLessThanOrEqual(1);
  return rows[0];
}

/** The real ledger, save for a number of answers of `settle` that get lost or that never came to pass. */
function failingSettle(failures: number, written: boolean): Database & { readonly settles: () => number } {
  let settles = 0;
  const deliveries: Deliveries = {
    ...world.database.deliveries,
    async settle(change) {
      settles += 1;
      if (settles > failures) return world.database.deliveries.settle(change);
      if (written) await world.database.deliveries.settle(change);
      throw new MillraceError('DATABASE_UNAVAILABLE', 'The connection broke off.');
    },
  };
  return { ...world.database, deliveries, settles: () => settles };
}

describe('send-reminder', () => {
  it('sends one mail, soonest first, and notes it', async () => {
    const result = await remind(sendgrid, { key: 'plain' });
    expect(result).toEqual({ status: 'sent', provider: 'sendgrid', messageId: 'fake-000001' });
    expect(queues.email.jobs['send-reminder'].result.parse(result)).toEqual(result);
    expect(await row('plain')).toEqual({
      status: 'sent',
      provider: 'sendgrid',
      template: 'opportunity-reminder',
      message_id: 'fake-000001',
      reason: null,
      attempts: 1,
    });
    const body = JSON.stringify(server.accepted[0]?.body);
    expect(body.indexOf('Soon')).toBeLessThan(body.indexOf('Later one'));
    expect(body).toContain('Soon &lt;b&gt;&amp;&lt;/b&gt;');
    expect(server.accepted[0]?.body.custom_args).toEqual({ job_key: 'plain' });
    expect(settled).toEqual([{ provider: 'sendgrid', template: 'opportunity-reminder', status: 'sent' }]);
  });

  it('sends nothing when run again after it was sent', async () => {
    const first = await remind(sendgrid, { key: 'again' });
    const second = await remind(sendgrid, { key: 'again' });
    expect(second).toEqual({ ...first, status: 'already-sent' });
    expect(server.requests).toBe(1);
    expect(settled).toHaveLength(1);
  });

  it('sends nothing when run again under another provider', async () => {
    await remind(sendgrid, { key: 'moved' });
    const result = await remind(outbox, { key: 'moved' });
    expect(result).toEqual({ status: 'already-sent', provider: 'sendgrid', messageId: 'fake-000001' });
    expect(await readdir(outboxDir)).toEqual([]);
  });
});

describe('send-welcome', () => {
  it('greets by name, in a file that a mail program reads', async () => {
    const payload = {
      type: 'welcome' as const,
      data: { userId: 'u-1', email: 'ada@example.org', name: 'Ada Lovelace', company: 'Engines & Co' },
    };
    const result = await sendWelcome.run({
      ...payload,
      payload,
      ...surroundings('send-welcome', outbox, {}),
    });
    expect(result.status).toBe('sent');
    const { headers, parts } = readMail(await readFile(join(outboxDir, result.messageId ?? '')));
    expect(headers.get('subject')).toEqual(['Welcome, Ada Lovelace']);
    expect(headers.get('to')).toEqual(['Ada Lovelace <ada@example.org>']);
    expect(headers.has('list-unsubscribe')).toBe(false);
    expect(parts.get('text/html')).toContain('href="https://app.example.com/"');
    expect(parts.get('text/plain')).toContain('Open the app: https://app.example.com/');
  });
});

describe('mails that can be ended', () => {
  const notification = {
    type: 'proposal-notification' as const,
    data: {
      userId: 'u-9',
      email: 'ada@example.org',
      proposal: { id: 'p-1', title: 'Pumps <b>', status: 'under review' },
      event: 'comment' as const,
      actor: 'Grace',
      comment: 'First line\nSecond <line>',
    },
  };
  const notify = (key: string) =>
    sendProposalNotification.run({
      ...notification,
      payload: notification,
      ...surroundings('send-proposal-notification', outbox, { key }),
    });

  it('tell of a proposal, bear the headers of one click, and stop once the person has ended them', async () => {
    const result = await notify('proposal-1');
    const { headers, parts } = readMail(await readFile(join(outboxDir, result.messageId ?? '')));
    const link = links.unsubscribe({ userId: 'u-9', email: 'ada@example.org', kind: 'proposals' });
    expect(headers.get('list-unsubscribe')).toEqual([`<${link}>`]);
    expect(headers.get('list-unsubscribe-post')).toEqual(['List-Unsubscribe=One-Click']);
    expect(headers.get('subject')).toEqual(['New comment: Pumps <b>']);
    expect(parts.get('text/plain')).toContain('> First line\r\n> Second <line>');
    expect(parts.get('text/html')).toContain('First line<br>Second &lt;line&gt;<br>');

    await world.database.users.unsubscribe({ userId: 'u-9', email: 'Ada@example.org', kind: 'proposals' });
    expect(await notify('proposal-2')).toMatchObject({ status: 'suppressed', reason: 'unsubscribed' });
    expect(await remind(outbox, { key: 'other-kind' })).toMatchObject({ status: 'sent' });
  });

  it('sum up a week with its figures and deadlines', async () => {
    const payload = {
      type: 'weekly-summary' as const,
      data: {
        userId: 'u-2',
        email: 'grace@example.org',
        weekStart: '2026-11-16',
        totals: {
          newOpportunities: 12,
          closingSoon: 3,
          proposalsSubmitted: 1,
          awarded: { amount: '1234567.50', currency: 'USD' },
        },
        topOpportunities: reminder().data.opportunities,
        deadlines: [{ title: 'Gloves', deadline: '2026-12-04' }],
      },
    };
    const result = await sendWeeklySummary.run({
      ...payload,
      payload,
      ...surroundings('send-weekly-summary', outbox, {}),
    });
    const { parts } = readMail(await readFile(join(outboxDir, result.messageId ?? '')));
    for (const part of ['USD 1,234,567.50', 'Gloves', 'Later one', 'Monday, 16 November 2026'])
      expect(parts.get('text/plain')).toContain(part);
    expect(parts.get('text/html')).toContain('USD 1,234,567.50');
  });
});

describe('send-document', () => {
  const send = (data: { documentId: string; attach: boolean }) => {
    const payload = {
      type: 'document-ready' as const,
      data: { userId: 'u-1', email: 'ada@example.org', title: 'Weekly report', ...data },
    };
    return sendDocument.run({ ...payload, payload, ...surroundings('send-document', sendgrid, {}) });
  };
  const keep = async (id: string, bytes: number) => {
    const stored = await storage.put(`reports/${id}.pdf`, Buffer.alloc(bytes, 7));
    await world.database.documents.save({
      id,
      jobKey: id,
      userId: 'u-1',
      kind: 'report',
      format: 'pdf',
      title: 'Weekly report',
      fileName: `${id}.pdf`,
      contentType: 'application/pdf',
      bytes,
      pages: 3,
      rows: undefined,
      sha256: stored.sha256,
      storageKey: stored.key,
    });
  };

  it.each([
    ['small and asked for', 1_000, true, 1],
    ['small and not asked for', 1_000, false, 0],
    ['at 5 MB', 5 * 1024 * 1024, true, 0],
  ])('sends a link, and the file when it is %s', async (_, bytes, attach, files) => {
    const documentId = `doc-${bytes}-${attach}`;
    await keep(documentId, bytes);
    expect(await send({ documentId, attach })).toMatchObject({ status: 'sent' });
    const body = server.accepted[0]?.body;
    expect(JSON.stringify(body)).toContain(
      `https://app.example.com/files/${documentId}/${documentId}.pdf?expires=`,
    );
    const attachments = Array.isArray(body?.attachments) ? body.attachments : [];
    expect(attachments).toHaveLength(files);
    if (files === 1) {
      expect(attachments[0]).toEqual({
        content: Buffer.alloc(bytes, 7).toString('base64'),
        filename: `${documentId}.pdf`,
        type: 'application/pdf',
        disposition: 'attachment',
      });
    }
  });

  it('fails for good when there is no such document', async () => {
    await expect(send({ documentId: 'none', attach: false })).rejects.toMatchObject({
      code: 'DOCUMENT_NOT_FOUND',
      retryable: false,
    });
  });
});

describe('a suppressed address', () => {
  it('gets nothing, and the job completes with the reason', async () => {
    await world.pool.query(
      "insert into email_suppressions (email, reason) values ('bounced@example.org', 'bounce')",
    );
    const result = await remind(sendgrid, { key: 'suppressed', email: 'Bounced@example.org' });
    expect(result).toEqual({ status: 'suppressed', provider: 'sendgrid', reason: 'bounce' });
    expect(queues.email.jobs['send-reminder'].result.parse(result)).toEqual(result);
    expect(server.requests).toBe(0);
    expect(await row('suppressed')).toMatchObject({ status: 'suppressed', reason: 'bounce' });
    expect(settled).toMatchObject([{ status: 'suppressed' }]);

    await world.pool.query("delete from email_suppressions where email = 'bounced@example.org'");
    expect(await remind(sendgrid, { key: 'suppressed', email: 'Bounced@example.org' })).toEqual(result);
    expect(server.requests).toBe(0);
  });

  it('does not turn a mail that was sent before into a suppressed one', async () => {
    const email = 'later@example.org';
    await remind(sendgrid, { key: 'sent-first', email });
    await world.pool.query('insert into email_suppressions (email, reason) values ($1, $2)', [
      email,
      'complaint',
    ]);
    expect(await remind(sendgrid, { key: 'sent-first', email })).toMatchObject({ status: 'already-sent' });
    expect(await row('sent-first')).toMatchObject({ status: 'sent' });
  });
});

describe('a mail that the provider does not take', () => {
  it('is noted as rejected, with the reason, and not retried', async () => {
    server.script({ status: 403, body: { errors: [{ message: 'Sender not verified.', field: 'from' }] } });
    await expect(remind(sendgrid, { key: 'rejected' })).rejects.toMatchObject({
      code: 'MAIL_REJECTED',
      retryable: false,
    });
    expect(await row('rejected')).toMatchObject({
      status: 'rejected',
      reason: expect.stringContaining('from: Sender not verified.'),
    });
    expect(settled).toMatchObject([{ status: 'rejected' }]);
  });

  it('is sent by a replay, once the cause is mended', async () => {
    server.script({ status: 403, body: { errors: [] } });
    await expect(remind(sendgrid, { key: 'replayed' })).rejects.toMatchObject({ code: 'MAIL_REJECTED' });
    expect(await remind(sendgrid, { key: 'replayed' })).toMatchObject({ status: 'sent' });
    expect(await row('replayed')).toMatchObject({ status: 'sent', reason: null });
  });

  it('is still reported as rejected when the ledger cannot note it', async () => {
    server.script({ status: 400, body: { errors: [] } });
    const database = failingSettle(1, false);
    await expect(remind(sendgrid, { key: 'unnoted', database })).rejects.toMatchObject({
      code: 'MAIL_REJECTED',
    });
    expect(settled).toEqual([]);
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
      server.script(answer);
      await expect(remind(sendgrid, { key })).rejects.toMatchObject({ code, retryable });
      expect(await row(key)).toMatchObject({ status: 'claimed', attempts });
      expect(settled).toEqual([]);
      expect(await remind(sendgrid, { key })).toMatchObject({ status: 'sent' });
      expect(await row(key)).toMatchObject({ status: 'sent', attempts: attempts + 1 });
      expect(server.accepted).toHaveLength(1);
    },
  );
});

describe('when the outcome is not known', () => {
  it('a mail whose answer was lost is sent again: at least once', async () => {
    server.script('accept-then-reset');
    await expect(remind(sendgrid, { key: 'lost' })).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' });
    expect(await row('lost')).toMatchObject({ status: 'claimed' });
    expect(await remind(sendgrid, { key: 'lost' })).toMatchObject({
      status: 'sent',
      messageId: 'fake-000002',
    });
    expect(server.accepted.map(({ body }) => body.custom_args)).toEqual([
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
    await world.database.deliveries.claim(claim);
    const mail = { to: 'ada@example.org', subject: 's', html: 'h', text: 't', category: 'c', jobKey: 'died' };
    const before = await outbox.send(mail, new AbortController().signal);
    const result = await remind(outbox, { key: 'died' });
    expect(result).toEqual({ status: 'sent', provider: 'outbox', messageId: before.messageId });
    expect(await readdir(outboxDir)).toEqual([before.messageId]);
    expect(await row('died')).toMatchObject({ status: 'sent', attempts: 2 });
  });

  it('an aborted job leaves the mail claimed and says why it ended', async () => {
    server.script('hang');
    const controller = new AbortController();
    const reason = new MillraceError('JOB_ABORTED', 'The worker is stopping.');
    const running = remind(sendgrid, { key: 'aborted', signal: controller.signal });
    const ended = expect(running).rejects.toBe(reason);
    await server.requested(1);
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
    const context = surroundings('send-reminder', sendgrid, {
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
    expect(server.accepted).toHaveLength(1);
    expect(await row('note-again')).toMatchObject({ status: 'sent', message_id: 'fake-000001' });
    expect(settled).toHaveLength(1);
  });

  it('a note that was written and whose answer was lost does no harm', async () => {
    expect(await run('note-lost', failingSettle(1, true), [0])).toMatchObject({ status: 'sent' });
    expect(await row('note-lost')).toMatchObject({ status: 'sent', message_id: 'fake-000001' });
  });

  it('the note is written although the job is told to stop', async () => {
    const controller = new AbortController();
    const stopping: Database = {
      ...world.database,
      deliveries: {
        ...world.database.deliveries,
        async settle(change) {
          controller.abort();
          await world.database.deliveries.settle(change);
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
    expect(server.accepted).toHaveLength(1);
    expect(settled).toEqual([]);
  });
});
