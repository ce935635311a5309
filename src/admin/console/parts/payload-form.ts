import { z } from 'zod';
import { type Fault, MillraceError } from '../../../errors/catalogue.ts';
import type { Markup } from '../../../http/html.ts';
import { area, choice, field } from './forms.ts';

/** How a field of a payload is asked for. */
type Kind =
  | { readonly kind: 'text' | 'number' }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  /** Whatever is not a single value is written as JSON. */
  | { readonly kind: 'json' };

interface PayloadField {
  readonly name: string;
  readonly kind: Kind;
  readonly required: boolean;
}

const prefix = 'data.';
const whole = 'payload';

/**
 * The fields of a form in which a payload is edited, made from its schema: a field each for texts, numbers and choices, JSON
 * for what is more than that; one field of JSON for a payload that is no envelope.
 * @param typed what was typed before, when the form comes again.
 */
export function payloadFields(
  schema: z.ZodType | undefined,
  payload: unknown,
  typed: Readonly<Record<string, string>> | undefined,
): Markup[] {
  const fields = fieldsOf(schema);
  const data = dataOf(payload);
  if (fields === undefined || data === undefined) {
    return [
      area({
        name: whole,
        label: 'Payload (JSON)',
        value: typed?.[whole] ?? written(payload),
        required: true,
      }),
    ];
  }
  return fields.map(({ name, kind, required }) => {
    const key = `${prefix}${name}`;
    const stored = data[name];
    // A form leaves out what is empty.
    const before = typed === undefined ? undefined : (typed[key] ?? '');
    const label = kind.kind === 'json' ? `${name} (JSON)` : name;
    const common = { name: key, label, required };
    if (kind.kind === 'choice') {
      const value = before ?? (stored === undefined ? '' : String(stored));
      const values = value === '' || kind.values.includes(value) ? kind.values : [value, ...kind.values];
      const options = values.map((each) => ({ value: each, label: each }));
      return choice({
        ...common,
        value,
        options: required ? options : [{ value: '', label: 'none' }, ...options],
      });
    }
    if (kind.kind === 'json') return area({ ...common, value: before ?? written(stored), rows: 8 });
    const value = before ?? (stored === undefined || stored === null ? '' : String(stored));
    if (value.includes('\n')) return area({ ...common, value, rows: 8 });
    // A number may be masked, which no field for numbers would show.
    return field({ ...common, value });
  });
}

/** What was typed into such a form, as a payload. @throws MillraceError INVALID_REQUEST naming each field that is no JSON. */
export function readPayload(
  schema: z.ZodType | undefined,
  payload: unknown,
  typed: Readonly<Record<string, string>>,
): unknown {
  const faults: Fault[] = [];
  const parse = (name: string, text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      faults.push({ path: name, message: 'is no JSON' });
      return undefined;
    }
  };
  const fields = fieldsOf(schema);
  const data = dataOf(payload);
  const read =
    fields === undefined || data === undefined
      ? parse(whole, typed[whole] ?? '')
      : {
          ...Object(payload),
          data: Object.fromEntries(
            fields.flatMap(({ name, kind }) => {
              const text = typed[`${prefix}${name}`];
              if (text === undefined) return [];
              return [[name, fieldValue(kind, name, text, data[name], parse)]];
            }),
          ),
        };
  if (faults.length === 0) return read;
  const list = faults.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new MillraceError('INVALID_REQUEST', `The payload is invalid: ${list}.`, { details: faults });
}

function fieldValue(
  { kind }: Kind,
  name: string,
  text: string,
  stored: unknown,
  parse: (name: string, text: string) => unknown,
): unknown {
  if (kind === 'json') return parse(name, text);
  // What was not touched stays what it was: browsers send lines of a text with returns of their own.
  if (typeof stored === 'string' && text.replaceAll('\r\n', '\n') === stored.replaceAll('\r\n', '\n'))
    return stored;
  if (typeof stored !== 'string' && String(stored) === text) return stored;
  if (kind === 'number' && text.trim() !== '' && !Number.isNaN(Number(text))) return Number(text);
  if (kind === 'choice' && (text === 'true' || text === 'false')) return text === 'true';
  return text.replaceAll('\r\n', '\n');
}

function fieldsOf(schema: z.ZodType | undefined): PayloadField[] | undefined {
  const envelope = schema instanceof z.ZodObject ? schema.def.shape : undefined;
  const data: unknown = envelope?.data;
  if (!(data instanceof z.ZodObject)) return undefined;
  return Object.entries(data.def.shape).map(([name, inner]) => ({
    name,
    kind: kindOf(inner),
    required: inner instanceof z.ZodType && !inner.safeParse(undefined).success,
  }));
}

function kindOf(schema: unknown): Kind {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return kindOf(schema.def.innerType);
  }
  if (schema instanceof z.ZodEnum) return { kind: 'choice', values: schema.options.map(String) };
  if (schema instanceof z.ZodLiteral) return { kind: 'choice', values: [...schema.values].map(String) };
  if (schema instanceof z.ZodBoolean) return { kind: 'choice', values: ['true', 'false'] };
  if (schema instanceof z.ZodType && schema.def.type === 'number') return { kind: 'number' };
  return schema instanceof z.ZodType && schema.def.type === 'string' ? { kind: 'text' } : { kind: 'json' };
}

function dataOf(payload: unknown): Readonly<Record<string, unknown>> | undefined {
  const data: unknown = Object(payload).data;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  return Object.fromEntries(Object.entries(data));
}

function written(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value, undefined, 2);
}
