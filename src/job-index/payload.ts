import { masked } from '../queue/masking/index.ts';

/** What the index keeps of a payload. */
export interface KeptPayload {
  /** JSON of the payload itself while it is small; else of its shape, with long texts and lists cut. */
  readonly payload: string;
  /** The words of its values, as `wordsIn` gives them. */
  readonly content: string;
}

/** Bounds of what one job costs in the index. Larger payloads are fetched from the queue when somebody opens the job. */
const bounds = { bytes: 4_000, content: 4_000, text: 200, items: 20, fields: 50, depth: 6 } as const;

/** Makes of a payload, from which what is sensitive was taken out, what the index keeps. */
export function keptPayload(payload: unknown): KeptPayload {
  const words: string[] = [];
  let length = 0;
  const gather = (value: unknown): void => {
    if (length >= bounds.content) return;
    if (typeof value === 'string' || typeof value === 'number') {
      const text = String(value).slice(0, bounds.content - length);
      length += text.length + 1;
      words.push(text);
    } else if (typeof value === 'object' && value !== null)
      for (const inner of Object.values(value)) gather(inner);
  };
  gather(payload);
  return { payload: shortened(payload), content: wordsIn(words.join(' ').replaceAll(masked, ' ')) };
}

/** More letters than a word of people has; the database takes no word of more than 2,046 bytes. */
const longestWord = 256;

/**
 * The words of a text in small letters. Whatever is no letter or digit divides them, so that parts of an address are words.
 * What is too long for a word is left out.
 */
export function wordsIn(text: string): string {
  const small = text.toLowerCase();
  const words = small.replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ').trim();
  if (words.length <= longestWord) return words;
  return words
    .split(' ')
    .filter((word) => word.length <= longestWord)
    .join(' ');
}

/** JSON with at most so many bytes, as far as bounds on its parts see to it; `null` when they do not. */
function shortened(payload: unknown): string {
  const json = JSON.stringify(payload) ?? 'null';
  if (json.length <= bounds.bytes && !json.includes('\\u0000') && json.isWellFormed()) return json;
  const cut = JSON.stringify(shorten(payload, 0, bounds.items));
  if (cut.length <= bounds.bytes) return cut;
  const closer = JSON.stringify(shorten(payload, 2, 3));
  return closer.length <= bounds.bytes
    ? closer
    : JSON.stringify({ shortened: `${json.length} characters: open the job in its queue to see them` });
}

function shorten(value: unknown, depth: number, items: number): unknown {
  if (typeof value === 'string') {
    const text = cleaned(value);
    return text.length <= bounds.text ? text : `${text.slice(0, bounds.text).toWellFormed()}…`;
  }
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (depth >= bounds.depth) return '…';
  if (Array.isArray(value)) {
    const kept = value.slice(0, items).map((item) => shorten(item, depth + 1, items));
    return value.length > items ? [...kept, `… ${value.length - items} more`] : kept;
  }
  const fields = Object.entries(value).slice(0, bounds.fields);
  return Object.fromEntries(fields.map(([name, inner]) => [cleaned(name), shorten(inner, depth + 1, items)]));
}

/** PostgreSQL stores neither NUL nor halves of surrogate pairs; what others put into a queue may hold them. */
function cleaned(text: string): string {
  return text.replaceAll('\0', ' ').toWellFormed();
}
