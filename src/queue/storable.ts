import type { Fault } from '../errors/catalogue.ts';
import { formatPath } from '../errors/faults.ts';

/** What JSON writes for NUL and for half of a surrogate pair; it may also be text that only looks so. */
const suspect = /\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * Finds the texts that not every store can keep: PostgreSQL's jsonb takes neither NUL nor half of a surrogate pair
 * (https://www.postgresql.org/docs/current/datatype-json.html).
 */
export function unstorableTexts(value: unknown, json: string): Fault[] {
  if (!suspect.test(json)) return [];
  const faults: Fault[] = [];
  look(value, [], faults);
  return faults;
}

function look(value: unknown, path: readonly PropertyKey[], faults: Fault[]): void {
  if (typeof value === 'string') {
    if (!storable(value))
      faults.push({ path: formatPath(path), message: 'must hold no NUL and no half character' });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) look(item, [...path, index], faults);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (!storable(key))
        faults.push({ path: formatPath(path), message: 'has a field name with a NUL or a half character' });
      look(item, [...path, key], faults);
    }
  }
}

function storable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
