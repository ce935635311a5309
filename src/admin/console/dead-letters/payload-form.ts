import { z } from 'zod';
import { isQueueName, type JobDefinition, queues } from '../../../../queues/index.ts';
import { MillraceError } from '../../../errors/catalogue.ts';
import { html, type Markup } from '../../../http/html.ts';
import { area, choice, field, optionsOf } from '../parts/forms.ts';

const property = z.object({
  type: z.enum(['string', 'number', 'integer', 'boolean']),
  enum: z.array(z.string()).optional(),
  description: z.string().optional(),
});
type Property = z.output<typeof property>;

/** A payload's schema, as JSON Schema, of which one can make a form: one type, and fields that are texts, numbers or truths. */
const simple = z.object({
  properties: z.object({
    type: z.object({ const: z.string() }),
    data: z.object({
      type: z.literal('object'),
      properties: z.record(z.string(), property),
      required: z.array(z.string()).default([]),
    }),
  }),
});

interface SimplePayload {
  readonly type: string;
  readonly fields: readonly (readonly [string, Property])[];
  readonly required: readonly string[];
}

function simplePayloadOf(queue: string, job: string): SimplePayload | undefined {
  const jobs: Readonly<Record<string, JobDefinition>> = isQueueName(queue) ? queues[queue].jobs : {};
  const definition = Object.hasOwn(jobs, job) ? jobs[job] : undefined;
  if (definition === undefined) return undefined;
  const parsed = simple.safeParse(
    z.toJSONSchema(definition.payload, { io: 'input', unrepresentable: 'any' }),
  );
  if (!parsed.success) return undefined;
  const { type, data } = parsed.data.properties;
  const fields = Object.entries(data.properties);
  return fields.length === 0 ? undefined : { type: type.const, fields, required: data.required };
}

const prefix = 'data.';

/**
 * Fields to edit a payload with: one for each of its own where they are simple, else one for its JSON.
 * @param typed what was typed and not taken.
 */
export function payloadFields(
  queue: string,
  job: string,
  payload: unknown,
  typed: Readonly<Record<string, string>> | undefined,
): Markup {
  const form = simplePayloadOf(queue, job);
  const data = dataOf(payload);
  if (form === undefined || data === undefined || !Object.values(data).every(isPlain)) {
    const value = typed?.payload ?? JSON.stringify(payload, undefined, 2);
    return area({ name: 'payload', label: 'Payload, as JSON', value, rows: 14 });
  }
  const fields = form.fields.map(([name, { type, enum: values, description }]) => {
    const current = data[name];
    const value = typed?.[`${prefix}${name}`] ?? (current === undefined ? '' : String(current));
    const required = form.required.includes(name);
    const hint = description === undefined ? {} : { hint: description };
    const shown = { name: `${prefix}${name}`, label: name, value, ...hint };
    if (type === 'boolean' || values !== undefined) {
      const options = optionsOf(values ?? ['true', 'false'], required ? undefined : 'Not set');
      return choice({ ...shown, options });
    }
    return field({ ...shown, required });
  });
  return html`<div class="field wide"><p class="hint">What is masked and left so keeps its value.</p></div>${fields}`;
}

/** The payload that was typed. @throws MillraceError INVALID_REQUEST when it is no JSON. */
export function typedPayload(queue: string, job: string, typed: Readonly<Record<string, string>>): unknown {
  if (typed.payload !== undefined) {
    try {
      return JSON.parse(typed.payload);
    } catch (error) {
      const message = `is no JSON: ${error instanceof Error ? error.message : 'it cannot be read'}`;
      throw new MillraceError('INVALID_REQUEST', 'The payload cannot be read.', {
        details: [{ path: 'payload', message }],
      });
    }
  }
  const form = simplePayloadOf(queue, job);
  if (form === undefined) return undefined;
  const data = form.fields.flatMap(([name, { type }]) => {
    const text = typed[`${prefix}${name}`];
    return text === undefined ? [] : [[name, typedValue(type, text)] as const];
  });
  return { type: form.type, data: Object.fromEntries(data) };
}

/** A text that is no number goes on as it is: the schema says what is wrong with it. */
function typedValue(type: Property['type'], text: string): unknown {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (type === 'string') return text;
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? text : number;
}

function dataOf(payload: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof payload !== 'object' || payload === null || !('data' in payload)) return undefined;
  const { data } = payload;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  return Object.fromEntries(Object.entries(data));
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
