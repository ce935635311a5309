import { z } from 'zod';

/** Why the Responses API would refuse a request: status and error body. */
export interface RequestFault {
  readonly status: number;
  readonly message: string;
  readonly code: string | null;
  readonly param: string | null;
}

/** The parameters that Millrace may use; the real API refuses unknown ones, so others stand here only when needed. */
const request = z.strictObject({
  model: z.string().min(1),
  instructions: z.string().optional(),
  input: z.union([
    z.string().min(1),
    z
      .array(
        z.strictObject({
          role: z.enum(['user', 'assistant', 'system', 'developer']),
          content: z.string().min(1),
        }),
      )
      .min(1),
  ]),
  text: z.strictObject({
    format: z.strictObject({
      type: z.literal('json_schema'),
      name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
      strict: z.literal(true),
      schema: z.record(z.string(), z.unknown()),
    }),
  }),
  store: z.boolean().optional(),
  max_output_tokens: z.int().min(16).optional(),
});

/** What a request or its schema has wrong, or `undefined`. */
export function requestFault(body: unknown, model: string): RequestFault | undefined {
  const read = request.safeParse(body);
  if (!read.success) {
    const [issue] = read.error.issues;
    const param = issue?.path.join('.') ?? null;
    return { status: 400, message: `Invalid parameter ${param}: ${issue?.message}`, code: null, param };
  }
  const fault = schemaFault(read.data.text.format.schema, '');
  if (fault !== undefined) {
    const message = `Invalid schema for response_format '${read.data.text.format.name}': ${fault}`;
    return { status: 400, message, code: 'invalid_json_schema', param: 'text.format.schema' };
  }
  if (read.data.model === model) return undefined;
  const message = `The requested model '${read.data.model}' does not exist.`;
  return { status: 400, message, code: 'model_not_found', param: 'model' };
}

/** Keywords of https://platform.openai.com/docs/guides/structured-outputs that hold for every model. */
const keywords = new Set([
  '$schema',
  'type',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
]);

const node = z.record(z.string(), z.unknown());

function schemaFault(schema: Record<string, unknown>, path: string): string | undefined {
  const where = path === '' ? 'at the root' : `in context=('${path}')`;
  if (path === '' && schema.type !== 'object') return `${where}, schema must be of type "object"`;
  const unknown = Object.keys(schema).find((keyword) => !keywords.has(keyword));
  if (unknown !== undefined) return `${where}, '${unknown}' is not permitted`;
  if (schema.type === 'array') {
    const items = node.safeParse(schema.items);
    return items.success ? schemaFault(items.data, `${path}.items`) : `${where}, array schema missing items`;
  }
  if (schema.type !== 'object') return undefined;
  if (schema.additionalProperties !== false) return `${where}, 'additionalProperties' must be false`;
  const properties = z.record(z.string(), node).parse(schema.properties);
  const required = z.array(z.string()).catch([]).parse(schema.required);
  const missing = Object.keys(properties).find((name) => !required.includes(name));
  if (missing !== undefined) return `${where}, 'required' must list every key: missing '${missing}'`;
  return Object.entries(properties)
    .map(([name, property]) => schemaFault(property, `${path}.${name}`))
    .find((fault) => fault !== undefined);
}
