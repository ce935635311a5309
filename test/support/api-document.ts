import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { apiDocument } from '../../scripts/api-document.ts';
import type { DocumentedAnswer, DocumentedOperation } from '../../src/http/openapi/operation.ts';
import type { JsonSchema } from '../../src/http/openapi/schemas.ts';
import type { Answer } from './site.ts';

/** The document as it is written to `docs/openapi.json`, and what a test asks of it. */
export class ApiDocument {
  readonly #document = JSON.parse(apiDocument());
  readonly #ajv: Ajv2020.default;

  constructor() {
    this.#ajv = new Ajv2020.default({ strict: false, allErrors: true });
    addFormats.default(this.#ajv);
  }

  get json(): unknown {
    return this.#document;
  }

  get schemas(): Readonly<Record<string, JsonSchema>> {
    return this.#document.components.schemas;
  }

  /** Every operation under `<method> <path>`. */
  get operations(): ReadonlyMap<string, DocumentedOperation> {
    const paths = Object.entries<Record<string, DocumentedOperation>>(this.#document.paths);
    return new Map(
      paths.flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
      ),
    );
  }

  /** What is wrong with an answer by the document; nothing is. */
  faultsOf(name: string, answer: Answer): readonly string[] {
    const documented = this.#answerOf(name, answer.status);
    if (documented === undefined) return [`the document knows no ${answer.status} of ${name}`];
    const faults = Object.entries(documented.headers ?? {}).flatMap(([header]) =>
      answer.headers.has(header) ? [] : [`the header ${header} is missing`],
    );
    const [[type, content] = [undefined, undefined]] = Object.entries(documented.content ?? {});
    const sent = answer.headers.get('Content-Type')?.split(';')[0];
    if (type === undefined) return answer.text === '' ? faults : [...faults, 'there is a body'];
    if (type !== '*/*' && type !== sent) return [...faults, `it is ${sent}, not ${type}`];
    if (type !== 'application/json') return faults;
    faults.push(...this.#misfits(content?.schema ?? {}, answer.json));
    const codes = Object.keys(content?.examples ?? {});
    const code = Object(Object(answer.json).error).code;
    if (codes.length > 0 && !codes.includes(code)) faults.push(`${code} is not among ${codes.join(', ')}`);
    return faults;
  }

  /** What is wrong with a JSON body that is to be sent. */
  faultsOfBody(name: string, body: unknown): readonly string[] {
    const schema = this.operations.get(name)?.requestBody?.content['application/json']?.schema;
    return schema === undefined ? ['the document knows no body'] : this.#misfits(schema, body);
  }

  #answerOf(name: string, status: number): DocumentedAnswer | undefined {
    const answer = this.operations.get(name)?.responses[status];
    if (answer === undefined || !('$ref' in answer)) return answer;
    return this.#document.components.responses[answer.$ref.split('/').at(-1) ?? ''];
  }

  readonly #compiled = new Map<object, ValidateFunction>();

  #misfits(schema: object, value: unknown): string[] {
    const { components } = this.#document;
    const known = this.#compiled.get(schema) ?? this.#ajv.compile({ components, allOf: [schema] });
    this.#compiled.set(schema, known);
    if (known(value)) return [];
    return (known.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }
}
