import type { JsonSchema } from '../schemas.ts';

type Schemas = Readonly<Record<string, JsonSchema>>;

/** What a format asks for. */
const byFormat: Readonly<Record<string, string>> = {
  email: 'ada@example.com',
  date: '2026-03-31',
  'date-time': '2026-03-31T09:00:00Z',
  uri: 'https://example.com/',
  uuid: '3f2b8a54-6a1e-4c55-9f0e-1d2c3b4a5f60',
};

/** Texts that fit the patterns of our fields; the first that fits a pattern is taken. */
const texts = [
  'example',
  'Ada Lovelace',
  'id-1',
  'ada@example.com',
  '2026-03-31',
  'EXAMPLE12345',
  '1200.50',
  'EUR',
  '541512',
  '90d',
] as const;

/** A value that the schema describes, with what it asks for and little more: a body to begin from. */
export function sampleOf(schema: JsonSchema, schemas: Schemas): unknown {
  const found = resolve(schema, schemas);
  const { type, format, properties, required = [], items } = found;
  for (const given of [found.const, found.default]) if (given !== undefined) return given;
  if (Array.isArray(found.enum)) return found.enum[0];
  for (const union of [found.anyOf, found.oneOf]) {
    if (Array.isArray(union)) return sampleOf(union[0], schemas);
  }
  if (type === 'object') {
    const wanted = Object.entries(Object(properties)).filter(([name]) => listed(required).includes(name));
    return Object.fromEntries(wanted.map(([name, field]) => [name, sampleOf(Object(field), schemas)]));
  }
  if (type === 'array') return [sampleOf(Object(items), schemas)];
  if (type === 'boolean') return false;
  if (type === 'integer' || type === 'number') return typeof found.minimum === 'number' ? found.minimum : 1;
  if (type !== 'string') return {};
  return typeof format === 'string' && byFormat[format] !== undefined ? byFormat[format] : textFor(found);
}

/** The schema that a reference leads to; another is itself. */
export function resolve(schema: JsonSchema, schemas: Schemas): JsonSchema {
  const name = nameOf(schema);
  return name === undefined ? schema : { ...schemas[name], ...schema };
}

/** The name of the schema that this one refers to. */
export function nameOf({ $ref }: JsonSchema): string | undefined {
  return typeof $ref === 'string' ? $ref.split('/').at(-1) : undefined;
}

function textFor({ pattern, minLength, maxLength }: JsonSchema): string {
  const fits = typeof pattern === 'string' ? new RegExp(pattern, 'u') : /(?:)/;
  const [least, most] = [Number(minLength ?? 0), Number(maxLength ?? Number.POSITIVE_INFINITY)];
  return texts.find((text) => fits.test(text) && text.length >= least && text.length <= most) ?? texts[0];
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
