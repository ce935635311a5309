/** JSON as a database can hold it, whatever came from outside. */

/** Deeper than any record of SAM.gov; databases and parsers have limits of their own far above. */
const depthLimit = 60;

/**
 * Copies JSON without what PostgreSQL refuses in text and jsonb: the character NUL, and halves of surrogate pairs.
 * @returns `undefined` when it is nested deeper than 60 levels.
 */
export function storable(value: unknown): { readonly value: unknown } | undefined {
  try {
    return { value: copy(value, depthLimit) };
  } catch (error) {
    if (error === tooDeep) return undefined;
    throw error;
  }
}

function storableText(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed();
}

const tooDeep = new Error('Nested too deeply.');

function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) throw tooDeep;
  // What is storable as it is stays itself: a page of records is not held twice.
  if (Array.isArray(value)) {
    const items = value.map((item) => copy(item, depth - 1));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const entries = Object.entries(value);
  const copies = entries.map(([key, item]) => [storableText(key), copy(item, depth - 1)] as const);
  const same = copies.every(
    ([key, item], index) => key === entries[index]?.[0] && item === entries[index]?.[1],
  );
  // fromEntries defines its keys, so that a key `__proto__` stays a key.
  return same ? value : Object.fromEntries(copies);
}
