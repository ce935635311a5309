import { masked } from './by-schema.ts';

/** Takes what a payload hides out of a text that may quote it. */
export type MaskText = (text: string) => string;

/** Addresses come into failures from elsewhere, too: from the database, from a provider's answer. */
const mailAddress = /[^\s@<>()[\]{}"'`,;:=&?/\\]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/gi;

/** A long value is quoted cut off, as messages are; what follows such a beginning is compared letter by letter. */
export const beginning = 24;
/** Shorter ones stand within many a word that means something else: they are taken out as words alone. */
const shortest = 4;
const mostValues = 1_000;

/**
 * Makes a mask for the texts of one job. Values are found as they are, in any case, as JSON writes them, and in
 * addresses; of a long one its beginning is enough, of one of several lines each line. A number is looked for when it has
 * four digits or more.
 */
export function createTextMask(hidden: Iterable<string>): MaskText {
  const values = new Set<string>();
  for (const value of hidden) {
    for (const writing of writingsOf(value)) values.add(writing);
    if (values.size > mostValues) return () => `${masked}: more is hidden here than can be looked for`;
  }
  const pattern = patternOf(values);
  return (text) => {
    const rest = pattern === undefined ? text : withoutValues(text, pattern, values);
    return rest.replace(mailAddress, masked);
  };
}

function writingsOf(value: string): string[] {
  const parts = [value, ...(value.includes('\n') ? value.split(/\r?\n/) : [])].map((part) => part.trim());
  const worthwhile = parts.filter(
    (part) => part !== '' && !(part.length < shortest && /^[\d.-]+$/.test(part)),
  );
  return worthwhile.flatMap((part) => [
    part,
    JSON.stringify(part).slice(1, -1),
    encodeURIComponent(part.toWellFormed()),
  ]);
}

function patternOf(values: ReadonlySet<string>): RegExp | undefined {
  if (values.size === 0) return undefined;
  const beginnings = [...new Set([...values].map((value) => [...value].slice(0, beginning).join('')))];
  const alternatives = beginnings
    .sort((a, b) => b.length - a.length)
    .map((text) => {
      const literal = text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      return text.length < shortest ? `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])` : literal;
    });
  return new RegExp(alternatives.join('|'), 'giu');
}

function withoutValues(text: string, pattern: RegExp, values: ReadonlySet<string>): string {
  let clean = '';
  let at = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    let length = match[0].length;
    for (const value of values) length = Math.max(length, sharedLength(value, text, match.index));
    clean += text.slice(at, match.index) + masked;
    at = match.index + length;
    pattern.lastIndex = at;
  }
  return clean + text.slice(at);
}

/** How much of a text, from a place on, is the beginning of a value. */
function sharedLength(value: string, text: string, from: number): number {
  let length = 0;
  while (length < value.length && value[length]?.toLowerCase() === text[from + length]?.toLowerCase())
    length += 1;
  return length;
}

/** Masks every text within a value; what is an error becomes what a log says of one. */
export function maskTexts(value: unknown, mask: MaskText): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((item) => maskTexts(item, mask));
  if (value instanceof Error) return maskTexts(wordsOf(value), mask);
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, maskTexts(field, mask)]));
}

function wordsOf(error: Error): object {
  const code = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: error.message,
    stack: error.stack,
  };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
