import type { Links } from '../integrations/links/port.ts';
import { createFileLinks } from './file-links.ts';
import { createUnsubscribeLinks } from './unsubscribe-links.ts';

/** The links of mails, made with the keys that the HTTP side checks them with. */
export function createMailLinks(jwtSecret: string, appUrl: string): Links {
  const base = () => appUrl.replace(/\/+$/, '');
  const files = createFileLinks(jwtSecret, base);
  const unsubscribe = createUnsubscribeLinks(jwtSecret, base);
  return {
    document: (document, ttlMs) => files.linkTo(document, ttlMs),
    unsubscribe: (person) => unsubscribe.linkTo(person),
  };
}
