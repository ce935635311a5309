import { html, type Markup } from '../../html.ts';
import type { JsonSchema } from '../schemas.ts';
import { inline } from './markdown.ts';
import { nameOf, resolve } from './sample.ts';

export interface SchemaBook {
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  /** Those that are written out once, further down, since several operations speak of them. */
  readonly shared: ReadonlySet<string>;
}

/** A schema as a list of its fields, each with what it may be. */
export function schemaView(schema: JsonSchema, book: SchemaBook): Markup {
  const name = nameOf(schema);
  if (name !== undefined && book.shared.has(name)) return link(name);
  const found = resolve(schema, book.schemas);
  const union = found.anyOf ?? found.oneOf;
  if (Array.isArray(union) && union.some((option) => fieldsOf(resolve(option, book.schemas)).length > 0)) {
    return html`<p>One of</p><ol class="schema">${union.map((option) => html`<li>${typeOf(option, book)} ${schemaView(option, book)}</li>`)}</ol>`;
  }
  if (found.type === 'array') return schemaView(Object(found.items), book);
  const fields = fieldsOf(found);
  if (fields.length === 0) return html``;
  const required = Array.isArray(found.required) ? found.required : [];
  return html`<ul class="schema">${fields.map(([field, inner]) => fieldView(field, inner, required.includes(field), book))}</ul>`;
}

function fieldView(name: string, schema: JsonSchema, required: boolean, book: SchemaBook): Markup {
  const { description } = schema;
  const said =
    typeof description === 'string' ? html` <span class="said">${inline(description)}</span>` : undefined;
  const sensitive =
    schema['x-sensitive'] === true ? html` <span class="mark">masked where it is shown</span>` : undefined;
  return html`<li><code class="name">${name}</code> ${typeOf(schema, book)}${required ? html` <span class="mark">required</span>` : undefined}${sensitive}${said}${schemaView(schema, book)}</li>`;
}

/** What a value may be, in a few words. */
export function typeOf(schema: JsonSchema, book: SchemaBook): Markup {
  const name = nameOf(schema);
  if (name !== undefined && book.shared.has(name)) return html`<span class="type">object</span>`;
  return html`<span class="type">${wordsFor(resolve(schema, book.schemas), book).join(', ')}</span>`;
}

function wordsFor(schema: JsonSchema, book: SchemaBook): string[] {
  const union = schema.anyOf ?? schema.oneOf;
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (Array.isArray(schema.enum)) return [schema.enum.map((value) => JSON.stringify(value)).join(' | ')];
  if (Array.isArray(union)) {
    return [union.map((option) => wordsFor(resolve(option, book.schemas), book)[0]).join(' or ')];
  }
  if (schema.type === 'array') {
    const [inner = 'anything'] = wordsFor(resolve(Object(schema.items), book.schemas), book);
    return [`list of ${inner}`, ...bounds(schema.minItems, schema.maxItems, 'items')];
  }
  const type = typeof schema.type === 'string' ? schema.type : 'anything';
  return [
    typeof schema.format === 'string' ? `${type} (${schema.format})` : type,
    ...bounds(schema.minimum, schema.maximum, ''),
    ...bounds(schema.minLength, schema.maxLength, 'characters'),
    ...(schema.default === undefined ? [] : [`${JSON.stringify(schema.default)} when absent`]),
  ];
}

function bounds(least: unknown, most: unknown, unit: string): string[] {
  const words = [
    least === undefined || (least === 1 && unit === 'characters') ? '' : `at least ${least}`,
    most === undefined ? '' : `at most ${most}`,
  ].filter((word) => word !== '');
  return words.length === 0 ? [] : [`${words.join(', ')} ${unit}`.trimEnd()];
}

function fieldsOf(schema: JsonSchema): [string, JsonSchema][] {
  return Object.entries(Object(schema.properties));
}

function link(name: string): Markup {
  return html`<p><a href="#schema-${name}">${name}</a></p>`;
}
