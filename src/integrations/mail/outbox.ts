import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../errors/catalogue.ts';
import { checkAddress, checkMail } from './message.ts';
import { composition, nameOf } from './mime.ts';
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
  readonly perSecond?: number;
}

export function createOutbox(options: OutboxOptions): MailProvider {
  checkAddress(options.from);
  return {
    name: 'outbox',
    ...(options.perSecond === undefined ? {} : { perSecond: options.perSecond }),
    async send(given, signal) {
      const mail = checkMail(given);
      signal.throwIfAborted();
      const fileName = `${nameOf(mail)}.eml`;
      const source = await compose(mail, options.from);
      signal.throwIfAborted();
      await writeWhole(options.dir, fileName, source);
      return { messageId: fileName };
    },
  };
}

async function compose(mail: Mail, from: string): Promise<Buffer> {
  // With the first mail: a worker that sends none has no need of its four megabytes.
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const composer = new MailComposer({ ...composition(mail, from), newline: 'win' });
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
