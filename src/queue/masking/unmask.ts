import { formatPath } from '../../errors/faults.ts';
import { sameJson } from '../idempotency.ts';
import { masked } from './by-schema.ts';

/**
 * Puts values back into what was edited by somebody who has not seen them: what is still as it was shown becomes what it
 * was.
 * @param shown the value as it was shown, with its masks.
 */
export function unmask(edited: unknown, shown: unknown, value: unknown): unknown {
  if (sameJson(edited, shown)) return value;
  if (Array.isArray(edited)) {
    if (!Array.isArray(shown) || !Array.isArray(value)) return edited;
    return edited.map((item: unknown, index) => unmask(item, shown[index], value[index]));
  }
  if (!isRecord(edited) || !isRecord(shown) || !isRecord(value)) return edited;
  return Object.fromEntries(
    Object.entries(edited).map(([name, field]) => [name, unmask(field, shown[name], value[name])]),
  );
}

/** The paths at which a mask stands, as the whole or a part of a text. */
export function masksIn(value: unknown, path: readonly PropertyKey[] = []): string[] {
  if (typeof value === 'string') return value.includes(masked) ? [formatPath(path)] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => masksIn(item, [...path, index]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, field]) => masksIn(field, [...path, name]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
