import { z } from 'zod';
import { isPlain, isSensitive, wrappedIn } from './schema-marks.ts';

/** What stands where a value was. */
export const masked = '[masked]';

export interface Masking {
  /** The value as those may see it who may not see everything. */
  readonly shown: unknown;
  /** Every text and number that was taken out, so that it can be taken out of other texts, too. */
  readonly hidden: ReadonlySet<string>;
}

/**
 * Takes out of a value what its schema marks with `sensitive()`, and whatever the schema does not know: further fields,
 * values that do not fit, values of `z.unknown()`. What is shown is shown by every schema that the value may belong to,
 * so nothing gets out through the other half of a union. `null` and `undefined` stay, since they say nothing.
 */
export function maskBySchema(schema: z.ZodType, value: unknown): Masking {
  const hidden = new Set<string>();
  return { shown: look([schema], value, hidden), hidden };
}

/** @param schemas all that the value has to be shown by. */
function look(schemas: readonly z.ZodType[], value: unknown, hidden: Set<string>): unknown {
  if (value === undefined || value === null) return value;
  const nodes = nodesOfAll(schemas, value);
  if (nodes === undefined) return hide(value, hidden);
  if (typeof value !== 'object') {
    return nodes.every((node) => isPlain(node) && fits(node, value)) ? value : hide(value, hidden);
  }
  if (Array.isArray(value)) {
    if (!nodes.every((node) => node instanceof z.ZodArray || node instanceof z.ZodTuple))
      return hide(value, hidden);
    return value.map((item: unknown, index) => lookInside(nodes, itemOf(index), item, hidden));
  }
  if (!nodes.every((node) => node instanceof z.ZodObject || node instanceof z.ZodRecord))
    return hide(value, hidden);
  const fields = Object.entries(value).map(([name, field], index) => {
    const seen = lookInside(nodes, fieldOf(name), field, hidden);
    return { name, index, seen, known: nodes.every((node) => fieldOf(name)(node) !== undefined) };
  });
  return Object.fromEntries(
    fields.map(({ name, index, seen, known }) => [known ? name : shownName(name, index, hidden), seen]),
  );
}

function lookInside(
  nodes: readonly z.ZodType[],
  childOf: (node: z.ZodType) => z.ZodType | undefined,
  value: unknown,
  hidden: Set<string>,
): unknown {
  const children = nodes.map(childOf);
  const known = children.filter((child) => child !== undefined);
  return known.length < children.length ? hide(value, hidden) : look(known, value, hidden);
}

/** The schemas behind wrappers and unions that a value may belong to; `undefined` when it must not be shown. */
function nodesOfAll(schemas: readonly z.ZodType[], value: unknown): z.ZodType[] | undefined {
  const nodes: z.ZodType[] = [];
  for (const schema of schemas) {
    const found = nodesOf(schema, value);
    if (found === undefined) return undefined;
    nodes.push(...found);
  }
  return nodes.length === 0 ? undefined : nodes;
}

function nodesOf(schema: z.ZodType, value: unknown): z.ZodType[] | undefined {
  if (isSensitive(schema)) return undefined;
  const wrapped = wrappedIn(schema);
  if (wrapped !== undefined) return nodesOfAll(classic([wrapped]), value);
  if (schema instanceof z.ZodLazy) return nodesOfAll(classic([schema.def.getter()]), value);
  // What a transform makes of a value it alone knows; the schema before it or after it says what it is.
  if (schema instanceof z.ZodPipe) {
    const ends = [schema.def.in, schema.def.out].filter((end) => !(end instanceof z.ZodTransform));
    return nodesOfAll(classic(ends), value);
  }
  if (schema instanceof z.ZodIntersection) {
    return nodesOfAll(classic([schema.def.left, schema.def.right]), value);
  }
  if (
    schema instanceof z.ZodUnion ||
    schema instanceof z.ZodDiscriminatedUnion ||
    schema instanceof z.ZodXor
  ) {
    const options = classic(schema.def.options);
    const fitting = options.filter((option) => fits(option, value));
    return nodesOfAll(fitting.length === 0 ? options : fitting, value);
  }
  return [schema];
}

function fieldOf(name: string): (node: z.ZodType) => z.ZodType | undefined {
  return (node) => {
    if (node instanceof z.ZodObject) {
      if (Object.hasOwn(node.def.shape, name)) return classic([node.def.shape[name]])[0];
      const { catchall } = node.def;
      return catchall === undefined || catchall instanceof z.ZodNever ? undefined : classic([catchall])[0];
    }
    if (!(node instanceof z.ZodRecord)) return undefined;
    const [key] = classic([node.def.keyType]);
    const nameIsShown = key !== undefined && look([key], name, new Set()) === name;
    return nameIsShown ? classic([node.def.valueType])[0] : undefined;
  };
}

function itemOf(index: number): (node: z.ZodType) => z.ZodType | undefined {
  return (node) => {
    if (node instanceof z.ZodArray) return classic([node.def.element])[0];
    if (!(node instanceof z.ZodTuple)) return undefined;
    const item = node.def.items[index] ?? node.def.rest;
    return item === null ? undefined : classic([item])[0];
  };
}

/** Schemas of zod's smaller variant have no marks; they are none that could show anything. */
function classic(schemas: readonly unknown[]): z.ZodType[] {
  return schemas.map((schema) => (schema instanceof z.ZodType ? schema : z.never()));
}

function fits(schema: z.ZodType, value: unknown): boolean {
  try {
    return schema.safeParse(value).success;
  } catch {
    // A check that waits for something, or that fails itself, has not said yes.
    return false;
  }
}

/** Takes a value out, noting all that it held. Goes without recursion, since nobody has checked how deep it is. */
function hide(value: unknown, hidden: Set<string>): unknown {
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const part = rest.pop();
    if (typeof part === 'string') hidden.add(part);
    else if (typeof part === 'number' || typeof part === 'bigint') hidden.add(String(part));
    else if (Array.isArray(part)) rest.push(...part);
    else if (typeof part === 'object' && part !== null) {
      for (const [name, field] of Object.entries(part)) {
        if (!looksLikeAName(name)) hidden.add(name);
        rest.push(field);
      }
    }
  }
  return value === undefined || value === null ? value : masked;
}

/** A field that nobody knows keeps its name when it looks like one: a slip of the pen is what people search for. */
function shownName(name: string, index: number, hidden: Set<string>): string {
  if (looksLikeAName(name)) return name;
  hidden.add(name);
  return `${masked} ${index + 1}`;
}

function looksLikeAName(name: string): boolean {
  return /^[a-z][A-Za-z0-9_-]{0,39}$/.test(name);
}
