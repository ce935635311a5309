import { z } from 'zod';

/** A JSON Schema (draft 2020-12) as OpenAPI 3.1 takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is said of a value may differ by whether we take it or give it: a field with a default is always given. */
type Direction = 'input' | 'output';

const componentsPath = '#/components/schemas/';

/** Makes JSON Schemas of zod's, and gathers those that have a name of their own (`.meta({ id })`). */
export class Components {
  readonly #named = new Map<string, JsonSchema>();

  /** The schema; a named one is a reference to where `all` has it. */
  convert(schema: z.ZodType, direction: Direction): JsonSchema {
    // Within an object, since zod writes the outermost schema out even if it has a name.
    const { properties, $defs = {} } = z.toJSONSchema(z.object({ it: schema }), {
      io: direction,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => tidy(zodSchema, jsonSchema),
    });
    for (const [name, definition] of Object.entries($defs)) this.#add(name, atHome(definition));
    return atHome(Object(properties).it ?? {});
  }

  get all(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #add(name: string, definition: JsonSchema): void {
    const known = this.#named.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(definition)) {
      throw new Error(`Two schemas are called ${name}, or it reads otherwise as request and as answer.`);
    }
    this.#named.set(name, definition);
  }
}

/** Formats that say what zod's long patterns for them say. */
const toldByFormat = new Set(['email', 'date', 'date-time', 'uuid']);

function tidy(schema: z.core.$ZodTypes, json: z.core.JSONSchema.BaseSchema): void {
  const { def } = schema._zod;
  // To us a time is a date; in JSON it is a text.
  if (def.type === 'date') Object.assign(json, { type: 'string', format: 'date-time' });
  if (json.format !== undefined && toldByFormat.has(json.format)) delete json.pattern;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
  if (json.sensitive === true) {
    // A name of our own may only stand there with this prefix.
    json['x-sensitive'] = true;
    delete json.sensitive;
  }
  // Whose it is decides who may name it, which the description of the operation says.
  delete json.refersTo;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
}

/** References lead to where OpenAPI keeps its schemas, and a name stands there alone. */
function atHome(definition: unknown): JsonSchema {
  const { id: _, ...moved } = JSON.parse(
    JSON.stringify(definition, (key, value: unknown) =>
      key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', componentsPath) : value,
    ),
  );
  return moved;
}
