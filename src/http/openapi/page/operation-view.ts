import { html, type Markup } from '../../html.ts';
import type { DocumentedAnswer, DocumentedOperation, Parameter } from '../operation.ts';
import type { JsonSchema } from '../schemas.ts';
import { inline, markdown } from './markdown.ts';
import { resolve, sampleOf } from './sample.ts';
import { type SchemaBook, schemaView, typeOf } from './schema-view.ts';

export interface ShownOperation {
  readonly method: string;
  readonly path: string;
  readonly operation: DocumentedOperation;
}

export interface OperationBook extends SchemaBook {
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
}

/** One operation: closed it is a line, open it says everything and can be tried. */
export function operationView({ method, path, operation }: ShownOperation, book: OperationBook): Markup {
  const { operationId, summary, description = '', parameters = [], requestBody } = operation;
  const result = operation['x-job-result'];
  return html`<details class="operation" id="${operationId}">
<summary><h3><span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code> <span class="summary">${summary}</span></h3></summary>
${markdown(description)}
${parameters.length === 0 ? undefined : html`<h4>Parameters</h4><ul class="schema">${parameters.map((each) => parameterView(each, book))}</ul>`}
${bodyView(requestBody, book)}
${result === undefined ? undefined : html`<h4>What the job gives in the end</h4>${schemaView(result, book)}`}
<h4>Answers</h4><dl class="answers">${Object.entries(operation.responses).map(([status, answer]) => answerView(status, answer, book))}</dl>
${tryView({ method, path, operation }, book)}
</details>`;
}

function parameterView(
  { name, in: place, required, description = '', schema }: Parameter,
  book: SchemaBook,
): Markup {
  return html`<li><code class="name">${name}</code> <span class="mark">${place}</span> ${typeOf(schema, book)}${required ? html` <span class="mark">required</span>` : undefined} <span class="said">${inline(description)}</span></li>`;
}

function bodyView(body: DocumentedOperation['requestBody'], book: SchemaBook): Markup | undefined {
  if (body === undefined) return undefined;
  return html`${Object.entries(body.content).map(([type, { schema = {} }]) => html`<h4>Body <code>${type}</code></h4>${schemaView(schema, book)}`)}`;
}

function answerView(
  status: string,
  given: DocumentedOperation['responses'][string],
  book: OperationBook,
): Markup {
  const answer = '$ref' in given ? book.responses[given.$ref.split('/').at(-1) ?? ''] : given;
  const refused = Number(status) >= 400;
  const content = Object.entries(answer?.content ?? {});
  return html`<dt><span class="status ${refused ? 'bad' : 'good'}">${status}</span></dt>
<dd>${markdown(answer?.description ?? '')}${refused ? undefined : html`${content.map(([type, { schema = {} }]) => html`<p><code>${type}</code></p>${schemaView(dataOf(schema), book)}`)}`}</dd>`;
}

/** Every answer has the same envelope; what differs is within. */
function dataOf(schema: JsonSchema): JsonSchema {
  const { data } = Object(schema.properties);
  return data === undefined ? schema : Object(data);
}

/** The form that the script makes a request of; without a script it stays hidden. */
function tryView({ method, path, operation }: ShownOperation, book: SchemaBook): Markup {
  const { operationId, parameters = [], requestBody, security } = operation;
  const [[type, body] = ['', undefined]] = Object.entries(requestBody?.content ?? {});
  const open = security !== undefined;
  return html`<form class="try" hidden data-method="${method.toUpperCase()}" data-path="${path}" data-type="${type}" data-open="${open ? 'yes' : 'no'}" aria-label="Try ${method.toUpperCase()} ${path}">
${parameters.map((each) => field(`${operationId}-${each.name}`, each))}
${type === 'application/json' && body?.schema !== undefined ? bodyField(operationId, body.schema, book) : undefined}
${type === 'multipart/form-data' ? formFields(operationId, resolve(body?.schema ?? {}, book.schemas)) : undefined}
<button>Send</button>
<div class="answer" role="status" aria-live="polite"></div>
</form>`;
}

function field(id: string, { name, in: place, required, schema }: Parameter): Markup {
  const mark = required ? html` required` : undefined;
  return html`<p class="field"><label for="${id}">${name}</label><input id="${id}" name="${name}" data-in="${place}" autocomplete="off" spellcheck="false"${schema.default === undefined ? undefined : html` placeholder="${String(schema.default)}"`}${mark}></p>`;
}

function bodyField(operationId: string, schema: JsonSchema, book: SchemaBook): Markup {
  const text = JSON.stringify(sampleOf(schema, book.schemas), undefined, 2);
  const rows = Math.min(24, text.split('\n').length + 1);
  return html`<p class="field"><label for="${operationId}-body">Body</label><textarea id="${operationId}-body" data-in="body" rows="${rows}" spellcheck="false">${text}</textarea></p>`;
}

function formFields(operationId: string, schema: JsonSchema): Markup[] {
  return Object.entries(Object(schema.properties)).map(([name, value]) => {
    const isFile = Object(value).format === 'binary';
    const id = `${operationId}-form-${name}`;
    return html`<p class="field"><label for="${id}">${name}</label><input id="${id}" name="${name}" data-in="form" type="${isFile ? 'file' : 'text'}"></p>`;
  });
}
