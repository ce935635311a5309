import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Mail, MailProvider } from '../../src/integrations/mail/port.ts';

/** A mail as it arrived on the other side, however that side keeps it. */
export interface ArrivedMail {
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  readonly toName: string | undefined;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly category: string;
  /** Absent when the mail has none. */
  readonly attachments?: readonly { fileName: string; contentType: string; content: string }[];
  /** The headers that were asked for, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One provider with the other side of it, which the test may ask what arrived. */
export interface MailProviderFixture {
  readonly provider: MailProvider;
  arrived(): Promise<readonly ArrivedMail[]>;
  close(): Promise<void>;
}

export const sender = 'noreply@example.com';

export function sampleMail(change: Partial<Mail> = {}): Mail {
  return {
    to: 'ada@example.org',
    toName: 'Ada Lovelace',
    subject: 'Two opportunities close soon',
    text: 'Hello Ada\n\nGreek Ω, euro €, a dot:\n.\nFrom here on.\n',
    html: '<!doctype html><html><body><p>Hello Ada, Ω €</p></body></html>',
    category: 'opportunity-reminder',
    jobKey: 'email:send-reminder:0192-7f',
    ...change,
  };
}

/** What every mail provider promises; a driver adds its fixture. */
export function mailProviderContract(name: string, open: () => Promise<MailProviderFixture>): void {
  describe(`mail provider ${name}`, () => {
    let fixture: MailProviderFixture;
    const signal = () => new AbortController().signal;

    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(() => fixture.close());

    it('delivers both parts, the names and the subject as they were', async () => {
      const mail = sampleMail({ toName: 'Áda Łovelace', subject: 'Fällig: 2 Ausschreibungen für Ω' });
      const { messageId } = await fixture.provider.send(mail, signal());
      const [arrived, ...others] = await fixture.arrived();
      expect(others).toEqual([]);
      expect(arrived).toEqual({
        messageId,
        from: sender,
        to: mail.to,
        toName: mail.toName,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        category: mail.category,
        headers: {},
      });
    });

    it('passes the headers of one-click unsubscription on', async () => {
      const headers = {
        'List-Unsubscribe': '<https://app.example.com/unsubscribe/abc>',
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      };
      await fixture.provider.send(sampleMail({ headers }), signal());
      const [arrived] = await fixture.arrived();
      expect(arrived?.headers).toEqual({
        'list-unsubscribe': headers['List-Unsubscribe'],
        'list-unsubscribe-post': headers['List-Unsubscribe-Post'],
      });
    });

    it('carries files, whatever their names and types hold', async () => {
      const content = Buffer.from('Ω %PDF\r\n.\r\nbytes\u0000');
      const attachments = [
        { fileName: 'report.pdf', contentType: 'application/pdf', content },
        { fileName: '../a\r\nBcc: x/Fällig.bin', contentType: 'text/x\r\nBcc: y', content },
      ];
      await fixture.provider.send(sampleMail({ attachments }), signal());
      const [arrived] = await fixture.arrived();
      const base64 = content.toString('base64');
      expect(arrived?.attachments).toEqual([
        { fileName: 'report.pdf', contentType: 'application/pdf', content: base64 },
        { fileName: '..-a Bcc: x-Fällig.bin', contentType: 'application/octet-stream', content: base64 },
      ]);
      expect(arrived?.text).toBe(sampleMail().text);
    });

    it.each([
      ['Authorization', 'Bearer stolen'],
      ['Bcc', 'eve@example.com'],
      ['X-Anything', 'x'],
      ['List-Unsubscribe', '<https://a.example>\r\nBcc: eve@example.com'],
    ])('refuses the header %s: %j as a defect', async (header, value) => {
      const sent = fixture.provider.send(sampleMail({ headers: { [header]: value } }), signal());
      await expect(sent).rejects.toMatchObject({ name: 'UnrecoverableError', retryable: false });
      expect(await fixture.arrived()).toEqual([]);
    });

    it.each([
      'ada@example.org\r\nBcc: eve@example.com',
      'ada@example.org, eve@example.com',
      'Ada <ada@example.org>',
      '"a b"@example.org',
      'ada@exämple.org',
      'ada=?utf-8?b?DQpCY2M6?=@example.org',
      'ada',
      '',
      `${'a'.repeat(250)}@example.org`,
    ])('rejects the address %j for good', async (to) => {
      const sent = fixture.provider.send(sampleMail({ to }), signal());
      await expect(sent).rejects.toMatchObject({ code: 'MAIL_REJECTED', retryable: false });
      expect(await fixture.arrived()).toEqual([]);
    });

    it('keeps a subject and a name on one line', async () => {
      const mail = sampleMail({
        subject: 'Hello\r\nBcc: eve@example.com',
        toName: 'Ada\nCc: eve@example.com',
      });
      await fixture.provider.send(mail, signal());
      const [arrived] = await fixture.arrived();
      expect(arrived).toMatchObject({
        to: 'ada@example.org',
        subject: 'Hello Bcc: eve@example.com',
        toName: 'Ada Cc: eve@example.com',
      });
    });

    it('sends a mail without a name and one whose subject is blank', async () => {
      const { toName: _, ...nameless } = sampleMail({ subject: ' \t ' });
      await fixture.provider.send(nameless, signal());
      const [arrived] = await fixture.arrived();
      expect(arrived).toMatchObject({ toName: undefined, subject: '(no subject)' });
    });

    it('sends nothing once its signal is aborted, and says why', async () => {
      const reason = new Error('The worker is stopping.');
      await expect(fixture.provider.send(sampleMail(), AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(await fixture.arrived()).toEqual([]);
    });

    it('tells mails of different jobs and recipients apart', async () => {
      const mails = [
        sampleMail(),
        sampleMail({ jobKey: 'email:send-reminder:0192-80' }),
        sampleMail({ jobKey: 'email-send-reminder-0192-7f' }),
        sampleMail({ to: 'grace@example.org' }),
      ];
      const sent = await Promise.all(mails.map((mail) => fixture.provider.send(mail, signal())));
      expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(mails.length);
      expect(await fixture.arrived()).toHaveLength(mails.length);
    });
  });
}
