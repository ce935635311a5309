import { MillraceError, UnrecoverableError } from '../../errors/catalogue.ts';
import type { Attachment, Mail } from './port.ts';

/**
 * The one gate that every mail passes before a driver writes a header from it: nothing in an address, a name or a
 * subject may end a header line and begin another one.
 */

/** RFC 8058 and RFC 2369; anything else could become an HTTP header of SendGrid's client, `Authorization` included. */
const allowedHeaders = new Map([
  ['list-unsubscribe', 'List-Unsubscribe'],
  ['list-unsubscribe-post', 'List-Unsubscribe-Post'],
]);

/** RFC 5321's longest path, without its angle brackets. */
const longestAddress = 254;

/** ASCII and unquoted, as SendGrid takes them: no space, control character or separator of RFC 5322 within. */
const address = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

const printableAscii = /^[\x20-\x7e]*$/;

/** Controls, line and paragraph separators, and the marks that reorder or hide what stands beside them. */
const unprintable = /[\p{Cc}\u2028\u2029\u200b\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/**
 * Answers the mail with its name and its subject on one line each, its headers under their proper names, and `\n` alone
 * for line breaks.
 * @throws MillraceError MAIL_REJECTED when no mail can go to the address; UnrecoverableError when a processor set
 * a header that is not allowed, which is a defect.
 */
export function checkMail(mail: Mail): Mail {
  checkAddress(mail.to);
  const { toName, headers, attachments, ...rest } = mail;
  const name = toName === undefined ? '' : oneLine(toName);
  return {
    ...rest,
    text: withPlainBreaks(mail.text),
    html: withPlainBreaks(mail.html),
    subject: oneLine(mail.subject) || '(no subject)',
    ...(name === '' ? {} : { toName: name }),
    ...(headers === undefined ? {} : { headers: checkHeaders(headers) }),
    ...(attachments === undefined || attachments.length === 0
      ? {}
      : { attachments: attachments.map(checkAttachment) }),
  };
}

/** A return alone is no line break in a mail, and servers differ in what they make of it. */
function withPlainBreaks(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/** @throws MillraceError MAIL_REJECTED */
export function checkAddress(value: string): void {
  // An encoded word is valid there by the letter, but programs that decode it see another address.
  if (value.length <= longestAddress && address.test(value) && !value.includes('=?')) return;
  // The address itself stays out of the message: what is wrong with it may be what it does to a log line.
  throw new MillraceError(
    'MAIL_REJECTED',
    `No mail can go to this address (${value.length} characters): it must be plain ASCII such as ada@example.com. Correct it where the user is kept.`,
  );
}

/**
 * Text for people on one line: whatever could break it becomes a space. `=?` is parted, since some programs decode what
 * looks like an encoded word (RFC 2047) where it is plain text, and would find a line break in it.
 */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(unprintable, ' ').replaceAll('=?', '= ?').replace(/ {2,}/g, ' ').trim();
}

/** MIME types as RFC 6838 lets them be, without parameters. */
const mimeType = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$/;

/** A file's name on one line and without folders; a type that is none becomes that of unknown bytes. */
function checkAttachment({ fileName, contentType, content }: Attachment): Attachment {
  return {
    fileName: oneLine(fileName).replace(/[/\\]+/g, '-') || 'attachment',
    contentType: mimeType.test(contentType) ? contentType : 'application/octet-stream',
    content,
  };
}

function checkHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [given, value] of Object.entries(headers)) {
    const name = allowedHeaders.get(given.toLowerCase());
    if (name === undefined) {
      throw new UnrecoverableError(
        `A mail may not set the header ${JSON.stringify(given)}. Allowed are ${[...allowedHeaders.values()].join(', ')}.`,
      );
    }
    if (!printableAscii.test(value)) {
      throw new UnrecoverableError(
        `The header ${name} of a mail holds a line break or a character outside ASCII. Encode it first.`,
      );
    }
    checked[name] = value;
  }
  return checked;
}
