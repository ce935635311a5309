import type { MailProvider } from '../mail/port.ts';
import type { AlertChannel } from './port.ts';
import { headline, lasted } from './wording.ts';

/** Mails each notice, past the queues: it may be about them. */
export function createAlertMail(
  mail: MailProvider,
  to: string,
  service: string,
  appUrl: string,
): AlertChannel {
  return {
    name: `mail:${to}`,
    async send(notice, signal) {
      const { id, what, kind, message, raisedAt } = notice;
      const time = lasted(notice);
      const text = [
        message,
        time === undefined ? `Since ${raisedAt.toISOString()}.` : `It lasted ${time}.`,
        `Queues: ${appUrl}/admin/queues`,
        `What to do: docs/runbook.md, ${kind}`,
      ].join('\n\n');
      await mail.send(
        {
          to,
          subject: `[${service}] ${headline(notice)}`.replace(/\s+/g, ' ').slice(0, 200),
          text,
          html: `<pre style="font: inherit; white-space: pre-wrap">${escaped(text)}</pre>`,
          category: 'alert',
          jobKey: `alert.${id}.${what}`,
        },
        signal,
      );
    },
  };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
