import fc from 'fast-check';
import { z } from 'zod';

/** Texts of the kinds that our schemas ask for; which of them fit a schema is tried out on the schema itself. */
const texts: readonly fc.Arbitrary<string>[] = [
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,20}$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,8})?@[a-z]{1,8}\.(com|gov|example)$/),
  fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }).map(dayOf),
  fc
    .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  fc.webUrl({ validSchemes: ['http', 'https'], withQueryParameters: true }),
  fc.stringMatching(/^[A-HJ-NP-Z0-9]{12}$/),
  fc.stringMatching(/^-?\d{1,12}(\.\d{1,4})?$/),
  fc.stringMatching(/^[A-Z]{3}$/),
];

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Values that a schema accepts, as a caller would write them: fields with defaults are sometimes left out. */
export function valid(schema: unknown): fc.Arbitrary<unknown> {
  if (!(schema instanceof z.ZodType)) throw new Error('Only schemas have valid values.');
  return shapeOf(schema).filter((value) => schema.safeParse(value).success);
}

function shapeOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodObject) return fieldsOf(schema);
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.options.map((option) => valid(option)));
  if (schema instanceof z.ZodArray) {
    return fc.array(valid(schema.element), { minLength: 1, maxLength: 4 });
  }
  if (schema instanceof z.ZodRecord) {
    return fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), valid(schema.valueType), { maxKeys: 3 });
  }
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodNumber) {
    return fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
  }
  return fc.oneof(...texts.filter((text) => fits(schema, text)));
}

function fieldsOf(schema: z.ZodObject): fc.Arbitrary<unknown> {
  const fields = Object.entries(schema.shape);
  const required = fields.filter(([, field]) => !isOptional(field)).map(([name]) => name);
  const values = Object.fromEntries(fields.map(([name, field]) => [name, valid(unwrap(field))]));
  return fc.record(values, { requiredKeys: required, noNullPrototype: true });
}

function isOptional(field: unknown): boolean {
  return field instanceof z.ZodOptional || field instanceof z.ZodDefault;
}

function unwrap(field: unknown): unknown {
  return field instanceof z.ZodOptional || field instanceof z.ZodDefault ? field.unwrap() : field;
}

function fits(schema: z.ZodType, text: fc.Arbitrary<string>): boolean {
  const samples = fc.sample(text, { numRuns: 20, seed: 7 });
  return samples.filter((sample) => schema.safeParse(sample).success).length >= 10;
}

/** A valid payload with one thing wrong, or at least other, somewhere inside. */
function mutated(schema: unknown): fc.Arbitrary<unknown> {
  const change = fc.oneof(
    fc.constant({ kind: 'drop' as const }),
    fc.jsonValue({ maxDepth: 2 }).map((value) => ({ kind: 'replace' as const, value })),
    fc
      .tuple(
        fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('__proto__', 'constructor')),
        fc.jsonValue(),
      )
      .map(([key, value]) => ({ kind: 'extra' as const, key, value })),
    fc.integer({ min: 2, max: 3_000 }).map((times) => ({ kind: 'repeat' as const, times })),
  );
  return fc.tuple(valid(schema), fc.nat(), change).map(([payload, where, what]) => {
    const copy: unknown = structuredClone(payload);
    const spots = spotsOf(copy);
    const spot = spots[where % spots.length];
    if (spot === undefined) return copy;
    const { holder, key } = spot;
    if (what.kind === 'drop') Reflect.deleteProperty(holder, key);
    else if (what.kind === 'replace') Reflect.set(holder, key, what.value);
    else if (what.kind === 'extra') {
      // An array's own length takes no other value than a length.
      if (Array.isArray(holder) && what.key === 'length') return copy;
      Object.defineProperty(holder, what.key, { value: what.value, enumerable: true, configurable: true });
    } else {
      const value: unknown = Reflect.get(holder, key);
      const more = typeof value === 'string' ? value.repeat(Math.min(what.times, 3_000)) : value;
      Reflect.set(holder, key, Array.isArray(value) ? Array(what.times).fill(value[0]) : more);
    }
    return copy;
  });
}

/** Every place in a value that holds something. */
function spotsOf(value: unknown): { readonly holder: object; readonly key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ holder: value, key }, ...spotsOf(inner)]);
}

/** What may come from anywhere: good payloads, damaged ones, and plain noise. */
export function anyPayload(schema: unknown): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 3, arbitrary: valid(schema) },
    { weight: 5, arbitrary: mutated(schema) },
    { weight: 2, arbitrary: fc.jsonValue() },
  );
}
