import { lexicon, longestWord, type Mark } from './lexicon.ts';

/** What one pass over a text finds, each as a count. */
export interface Tally {
  /** Words that carry no mark; they only dilute. */
  plainWords: number;
  exclamations: number;
  /** Words of five or more letters, all of them capitals. */
  capitals: number;
  /** Numbers in sentences that name a source. */
  sourcedNumbers: number;
  unsourcedNumbers: number;
  readonly marks: Map<Mark, number>;
}

export function emptyTally(): Tally {
  return {
    plainWords: 0,
    exclamations: 0,
    capitals: 0,
    sourcedNumbers: 0,
    unsourcedNumbers: 0,
    marks: new Map(),
  };
}

/**
 * Counts the marks of a text into `tally`, each `weight` times. One pass over the characters, without backtracking:
 * the time grows with the length and with nothing else, whatever the text holds.
 */
export function scan(text: string, weight: number, tally: Tally): void {
  let position = 0;
  let numbers = 0;
  let sourced = false;

  const endSentence = () => {
    if (sourced) tally.sourcedNumbers += numbers;
    else tally.unsourcedNumbers += numbers;
    numbers = 0;
    sourced = false;
  };

  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (isWordCharacter(code)) {
      const end = tokenEnd(text, position);
      const token = readToken(text, position, end);
      if (token === 'number') numbers += weight;
      else count(tally, token, weight);
      if (token === 'attribution') sourced = true;
      if (isShouted(text, position, end)) tally.capitals += weight;
      position = end;
      continue;
    }
    if (code === exclamation || code === fullWidthExclamation) tally.exclamations += weight;
    if (isSentenceEnd(code)) endSentence();
    position += 1;
  }
  endSentence();
}

function count(tally: Tally, token: Mark | 'plain' | 'shouted', weight: number): void {
  if (token === 'plain') tally.plainWords += weight;
  else if (token !== 'shouted') tally.marks.set(token, (tally.marks.get(token) ?? 0) + weight);
}

/** A token is a number, a word of the lexicon, a word in capitals (which counts elsewhere), or plain. */
function readToken(text: string, start: number, end: number): Mark | 'number' | 'plain' | 'shouted' {
  if (isDigit(text.charCodeAt(start))) return isYear(text, start, end) ? 'plain' : 'number';
  const mark = end - start > longestWord ? undefined : lexicon.get(normalise(text.slice(start, end)));
  return mark ?? (isShouted(text, start, end) ? 'shouted' : 'plain');
}

function normalise(word: string): string {
  return word.toLowerCase().replaceAll('\u2019', "'");
}

/** Letters and digits; hyphens and apostrophes, and points and commas between digits, belong to the token. */
function tokenEnd(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (!isWordCharacter(code)) {
      const next = end + 1 < text.length ? text.charCodeAt(end + 1) : 0;
      const joins = isJoiner(code)
        ? isWordCharacter(next)
        : isDecimalMark(code) && isDigit(text.charCodeAt(end - 1)) && isDigit(next);
      if (!joins) break;
    }
    end += 1;
  }
  return end;
}

/** Years say when, not how much. */
function isYear(text: string, start: number, end: number): boolean {
  if (end - start !== 4) return false;
  for (let index = start; index < end; index += 1) if (!isDigit(text.charCodeAt(index))) return false;
  const year = Number(text.slice(start, end));
  return year >= 1800 && year <= 2199;
}

const shoutedLetters = 5;

function isShouted(text: string, start: number, end: number): boolean {
  if (end - start < shoutedLetters) return false;
  let letters = 0;
  for (let index = start; index < end; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 0x41 && code <= 0x5a) letters += 1;
    else if (!isJoiner(code)) return false;
  }
  return letters >= shoutedLetters;
}

const exclamation = 0x21;
const fullWidthExclamation = 0xff01;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** ASCII letters and digits, and Unicode above Latin-1 without its punctuation, symbols and emoji. */
function isWordCharacter(code: number): boolean {
  if (code < 0x80) return isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  if (code < 0xc0 || code >= 0xfe00) return false;
  const symbol = code >= 0x2000 && code <= 0x2bff;
  const cjkPunctuation = code >= 0x3000 && code <= 0x303f;
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return !(symbol || cjkPunctuation || surrogate);
}

function isJoiner(code: number): boolean {
  return code === 0x2d || code === 0x27 || code === 0x2019 || code === 0x2010 || code === 0x2011;
}

function isDecimalMark(code: number): boolean {
  return code === 0x2e || code === 0x2c;
}

/** `.`, `!`, `?`, `…`, line ends and their CJK and full-width counterparts. */
function isSentenceEnd(code: number): boolean {
  return (
    code === 0x2e ||
    code === exclamation ||
    code === 0x3f ||
    code === 0x0a ||
    code === 0x0d ||
    code === 0x2026 ||
    code === 0x3002 ||
    code === fullWidthExclamation ||
    code === 0xff1f
  );
}
