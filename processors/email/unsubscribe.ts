import type { MailKind } from '../../src/integrations/database/port.ts';
import type { Links } from '../../src/integrations/links/port.ts';

/** What a mail that can be ended bears: its link, the headers of one-click unsubscription (RFC 8058), the preference to ask. */
export function unsubscribable(links: Links, person: { userId: string; email: string }, kind: MailKind) {
  const { userId, email } = person;
  const unsubscribe = links.unsubscribe({ userId, email, kind });
  return {
    unsubscribe,
    terms: {
      headers: {
        'List-Unsubscribe': `<${unsubscribe}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      },
      preference: { userId, kind },
    },
  };
}
