import { z } from 'zod';
import { type MailKind, mailKinds } from '../integrations/database/port.ts';
import { deriveSigningKey, isSignedBy, sign } from './keys.ts';

/** Whom an unsubscribe link speaks for. */
export interface Unsubscriber {
  readonly userId: string;
  readonly email: string;
  readonly kind: MailKind;
}

/** Links that end one kind of mail: `<base>/unsubscribe/<person>.<signature>`, good for as long as the secret is. */
export interface UnsubscribeLinks {
  linkTo(person: Unsubscriber): string;
  /** The person of a token of ours, `undefined` for any other. */
  read(token: string): Unsubscriber | undefined;
}

const content = z.tuple([z.string(), z.string(), z.enum(mailKinds)]);

/** @param base the address that links begin with, without a slash at its end. */
export function createUnsubscribeLinks(jwtSecret: string, base: () => string): UnsubscribeLinks {
  const key = deriveSigningKey(jwtSecret, 'unsubscribe links');
  return {
    linkTo({ userId, email, kind }) {
      const person = Buffer.from(JSON.stringify([userId, email, kind])).toString('base64url');
      return `${base()}/unsubscribe/${person}.${sign(key, person)}`;
    },
    read(token) {
      const [person = '', signature = '', ...more] = token.split('.');
      if (more.length > 0 || !isSignedBy(key, person, signature)) return undefined;
      const [userId, email, kind] = content.parse(JSON.parse(Buffer.from(person, 'base64url').toString()));
      return { userId, email, kind };
    },
  };
}
