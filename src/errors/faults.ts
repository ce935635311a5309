import type { Fault } from './catalogue.ts';

/** The part of a zod issue that a reader of our messages needs; kept structural so that no zod is imported here. */
interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Writes a path as one would in code: `data.opportunities[2].deadline`; the root is `(root)`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text === '' ? '(root)' : text;
}

/** A field's name may come from outside, and be as long as the payload. */
const longestText = 160;

/** Turns a schema's issues into faults with readable paths. */
export function faultsOf(issues: readonly Issue[]): Fault[] {
  return issues.map((issue) => ({ path: shorten(formatPath(issue.path)), message: shorten(issue.message) }));
}

/** Text from outside, no longer than is worth reading. */
export function shorten(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}
