import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sendDocument } from '../../processors/email/send-document.ts';
import { sendProposalNotification } from '../../processors/email/send-proposal-notification.ts';
import { sendWeeklySummary } from '../../processors/email/send-weekly-summary.ts';
import { sendWelcome } from '../../processors/email/send-welcome.ts';
import { queues } from '../../queues/index.ts';
import { links, mailJobs, reminder } from '../support/mail-jobs.ts';
import { readMail } from '../support/mail-message.ts';

const mails = mailJobs();
const { surroundings, remind, row } = mails;

describe('send-reminder', () => {
  it('sends one mail, soonest first, and notes it', async () => {
    const result = await remind(mails.sendgrid, { key: 'plain' });
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
    const body = JSON.stringify(mails.server.accepted[0]?.body);
    expect(body.indexOf('Soon')).toBeLessThan(body.indexOf('Later one'));
    expect(body).toContain('Soon &lt;b&gt;&amp;&lt;/b&gt;');
    expect(mails.server.accepted[0]?.body.custom_args).toEqual({ job_key: 'plain' });
    expect(mails.settled).toEqual([
      { provider: 'sendgrid', template: 'opportunity-reminder', status: 'sent' },
    ]);
  });

  it('sends nothing when run again after it was sent', async () => {
    const first = await remind(mails.sendgrid, { key: 'again' });
    const second = await remind(mails.sendgrid, { key: 'again' });
    expect(second).toEqual({ ...first, status: 'already-sent' });
    expect(mails.server.requests).toBe(1);
    expect(mails.settled).toHaveLength(1);
  });

  it('sends nothing when run again under another provider', async () => {
    await remind(mails.sendgrid, { key: 'moved' });
    const result = await remind(mails.outbox, { key: 'moved' });
    expect(result).toEqual({ status: 'already-sent', provider: 'sendgrid', messageId: 'fake-000001' });
    expect(await readdir(mails.outboxDir)).toEqual([]);
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
      ...surroundings('send-welcome', mails.outbox, {}),
    });
    expect(result.status).toBe('sent');
    const { headers, parts } = readMail(await readFile(join(mails.outboxDir, result.messageId ?? '')));
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
      ...surroundings('send-proposal-notification', mails.outbox, { key }),
    });

  it('tell of a proposal, bear the headers of one click, and stop once the person has ended them', async () => {
    const result = await notify('proposal-1');
    const { headers, parts } = readMail(await readFile(join(mails.outboxDir, result.messageId ?? '')));
    const link = links.unsubscribe({ userId: 'u-9', email: 'ada@example.org', kind: 'proposals' });
    expect(headers.get('list-unsubscribe')).toEqual([`<${link}>`]);
    expect(headers.get('list-unsubscribe-post')).toEqual(['List-Unsubscribe=One-Click']);
    expect(headers.get('subject')).toEqual(['New comment: Pumps <b>']);
    expect(parts.get('text/plain')).toContain('> First line\r\n> Second <line>');
    expect(parts.get('text/html')).toContain('First line<br>Second &lt;line&gt;<br>');

    await mails.world.database.users.unsubscribe({
      userId: 'u-9',
      email: 'Ada@example.org',
      kind: 'proposals',
    });
    expect(await notify('proposal-2')).toMatchObject({ status: 'suppressed', reason: 'unsubscribed' });
    expect(await remind(mails.outbox, { key: 'other-kind' })).toMatchObject({ status: 'sent' });
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
      ...surroundings('send-weekly-summary', mails.outbox, {}),
    });
    const { parts } = readMail(await readFile(join(mails.outboxDir, result.messageId ?? '')));
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
    return sendDocument.run({ ...payload, payload, ...surroundings('send-document', mails.sendgrid, {}) });
  };
  const keep = async (id: string, bytes: number) => {
    const stored = await mails.storage.put(`reports/${id}.pdf`, Buffer.alloc(bytes, 7));
    await mails.world.database.documents.save({
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
    const body = mails.server.accepted[0]?.body;
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
