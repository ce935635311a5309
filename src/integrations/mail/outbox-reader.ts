import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../errors/catalogue.ts';

/** A mail of the outbox, as a reader would be shown it. */
export interface ReadMail {
  readonly subject: string;
  readonly html: string | undefined;
  readonly text: string | undefined;
}

/** The names that the outbox gives its files; with nothing else does one get out of its folder. */
const fileName = /^[A-Za-z0-9][A-Za-z0-9-]{0,199}\.eml$/;
/** Above what providers take. */
const mostBytes = 40_000_000;

/**
 * Opens mails in the folder of the outbox by their message ids.
 * @throws MillraceError TOO_LARGE for a file that is no mail of ours.
 */
export function createOutboxReader(dir: string): (messageId: string) => Promise<ReadMail | undefined> {
  return async (messageId) => {
    if (!fileName.test(messageId)) return undefined;
    const path = join(dir, messageId);
    try {
      if ((await stat(path)).size > mostBytes) {
        throw new MillraceError(
          'TOO_LARGE',
          'The mail is too large to be shown. Open its file in a mail program.',
        );
      }
      // Loaded with the first mail that somebody opens.
      const { default: PostalMime } = await import('postal-mime');
      const { subject, html, text } = await PostalMime.parse(await readFile(path));
      return { subject: subject ?? '', html, text };
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  };
}
