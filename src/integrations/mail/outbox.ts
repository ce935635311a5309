import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import MailComposer from 'nodemailer/lib/mail-composer';
import { MillraceError } from '../../errors/catalogue.ts';
import { checkAddress, checkMail } from './message.ts';
import type { Mail, MailProvider } from './port.ts';

/**
 * The provider that needs no account: each mail becomes one `.eml` file (RFC 5322, MIME) that any mail program opens.
 *
 * A mail's file is named after its job and recipient, so sending again replaces the file: here at-least-once comes out
 * as exactly once. Files appear whole or not at all; names that begin with a dot are not yet mails.
 */
export interface OutboxOptions {
  /** The folder of the files; made when it is missing. */
  readonly dir: string;
  /** The sender's address. */
  readonly from: string;
}

export function createOutbox(options: OutboxOptions): MailProvider {
  checkAddress(options.from);
  return {
    name: 'outbox',
    async send(given, signal) {
      const mail = checkMail(given);
      signal.throwIfAborted();
      const fileName = fileNameOf(mail);
      const source = await compose(mail, options.from, fileName);
      signal.throwIfAborted();
      await writeWhole(options.dir, fileName, source);
      return { messageId: fileName };
    },
  };
}

/** `<start of the job's key>-<digest>.eml`; the digest tells apart what the readable part cannot. */
function fileNameOf(mail: Mail): string {
  const readable = mail.jobKey
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80);
  const digest = createHash('sha256')
    .update(JSON.stringify([mail.jobKey, mail.to]))
    .digest('hex')
    .slice(0, 20);
  return `${readable === '' ? 'mail' : readable}-${digest}.eml`;
}

async function compose(mail: Mail, from: string, fileName: string): Promise<Buffer> {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const composer = new MailComposer({
    from: { name: '', address: from },
    to: { name: mail.toName ?? '', address: mail.to },
    subject: mail.subject,
    // The same id on every attempt: a mail program that was shown both takes them for one.
    messageId: `<${fileName.slice(0, -'.eml'.length)}@${domain}>`,
    date: new Date(),
    text: mail.text,
    html: mail.html,
    headers: { ...mail.headers, 'X-Category': mail.category },
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/** Written beside its place under another name, forced to disk, then renamed: a reader never sees half a mail. */
async function writeWhole(dir: string, fileName: string, source: Buffer): Promise<void> {
  const temporary = join(dir, `.${fileName}.${randomUUID()}.tmp`);
  try {
    await mkdir(dir, { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(source);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(dir, fileName));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new MillraceError(
      'MAIL_UNAVAILABLE',
      `The outbox cannot write to ${dir}. Check that the folder may be written and that its disk has space.`,
      { cause: error },
    );
  }
}
