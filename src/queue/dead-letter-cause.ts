import { createHash } from 'node:crypto';

/** The cause of a failure: all that is the same in letters that one fault has made. */
export interface DeadLetterCause {
  /** The group's id: the same in every process and version. */
  readonly id: string;
  /** The message with what differs from case to case taken out. */
  readonly message: string;
}

/** What differs from case to case, in the order in which it is taken out, and what stands in its place. */
const varying: readonly [RegExp, string][] = [
  [/\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"'<>`]+/gi, '<url>'],
  [/(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, '<address>'],
  [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?/g, '<time>'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<id>'],
  [
    /"[^"]{0,200}"|`[^`]{0,200}`|“[^”]{0,200}”|«[^»]{0,200}»|(?<![\p{L}\p{N}])'[^']{0,200}'(?![\p{L}\p{N}])/gu,
    '<text>',
  ],
  // A word with a digit in it is an id, a time, a size, an address or a file's name; a number alone is a number.
  [/(?<![\p{L}\p{N}_])[+-]?\d+(?:[.,:]\d+)*(?![\p{L}\p{N}_])/gu, '<n>'],
  [
    /(?<![\p{L}\p{N}_])[\p{L}\p{N}_]*\p{N}[\p{L}\p{N}_]*(?:[-.:/][\p{L}\p{N}_]*\p{N}[\p{L}\p{N}_]*)*/gu,
    '<id>',
  ],
];

/** Longer ones are cut: what tells causes apart stands at the beginning. */
const longest = 300;
/** More of a message is never looked at. */
const looked = 4_000;

/** A message without what differs from case to case; done again, it stays as it is. */
export function normalizeMessage(message: string): string {
  let text = message.slice(0, looked).toWellFormed().replaceAll('\0', '').replaceAll(/\s+/g, ' ').trim();
  // What is left out may bring together what is to be left out too.
  for (let before = ''; before !== text; ) {
    before = text;
    for (const [pattern, place] of varying) text = text.replaceAll(pattern, place);
    text = Array.from(text).slice(0, longest).join('').trim();
  }
  return text;
}

export function causeOf(queue: string, job: string, code: string, message: string): DeadLetterCause {
  const normalized = normalizeMessage(message);
  const hash = createHash('sha256').update([queue, job, code, normalized].join('\n')).digest('hex');
  return { id: hash.slice(0, 16), message: normalized };
}
