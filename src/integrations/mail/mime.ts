import { createHash } from 'node:crypto';
import type { Mail } from './port.ts';

/**
 * A name for a mail, made of its job and recipient: the same on every attempt. `<start of the job's key>-<digest>`; the
 * digest tells apart what the readable part cannot.
 */
export function nameOf(mail: Pick<Mail, 'jobKey' | 'to'>): string {
  const readable = mail.jobKey
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80);
  const digest = createHash('sha256')
    .update(JSON.stringify([mail.jobKey, mail.to]))
    .digest('hex')
    .slice(0, 20);
  return `${readable === '' ? 'mail' : readable}-${digest}`;
}

/** A checked mail as nodemailer composes it (RFC 5322, MIME). */
export function composition(mail: Mail, from: string) {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  return {
    from: { name: '', address: from },
    to: { name: mail.toName ?? '', address: mail.to },
    subject: mail.subject,
    // The same id on every attempt: a mail program that was shown both takes them for one.
    messageId: `<${nameOf(mail)}@${domain}>`,
    date: new Date(),
    text: mail.text,
    html: mail.html,
    headers: { ...mail.headers, 'X-Category': mail.category },
    attachments: (mail.attachments ?? []).map(({ fileName, contentType, content }) => ({
      filename: fileName,
      contentType,
      content: Buffer.from(content),
    })),
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
