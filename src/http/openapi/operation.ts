import { z } from 'zod';
import { permissions } from '../../access/roles.ts';
import type { Operation, RawAnswer } from '../route.ts';
import { refusalsOf } from './errors.ts';
import type { Components, JsonSchema } from './schemas.ts';

/** What we write of an operation. */
export interface DocumentedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content; readonly required: boolean };
  readonly responses: Readonly<Record<string, DocumentedAnswer | { readonly $ref: string }>>;
  readonly security?: readonly object[];
  /** What the job gives in the end. */
  readonly 'x-job-result'?: JsonSchema;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

type Content = Readonly<Record<string, { readonly schema?: JsonSchema; readonly examples?: object }>>;

/** What it answers with one status. */
export interface DocumentedAnswer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Content;
}

/** Writes one operation; schemas that have a name go to `components`. */
export function describe(operation: Operation, components: Components): DocumentedOperation {
  const { method, path, permission, summary, description, tag, answers, sends, result } = operation;
  const parameters = [
    ...parametersOf(operation.params, 'path', components).filter(({ name }) => path.includes(`{${name}}`)),
    ...parametersOf(operation.query, 'query', components),
    ...parametersOf(operation.headers, 'header', components),
  ];
  const said = [description, permission === undefined ? undefined : rightsFor(permission)];
  const requestBody = bodyOf(operation, components);
  return {
    operationId: operationIdOf(method, path),
    summary,
    description: said.filter((text) => text !== undefined).join('\n\n'),
    tags: [tag],
    ...(permission === undefined ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(requestBody === undefined ? {} : { requestBody }),
    ...(result === undefined ? {} : { 'x-job-result': components.convert(result, 'output') }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [
          status,
          answerOf(status, answer, sends, components),
        ]),
      ),
      ...refusalsOf(operation),
      // A status that is both, such as the 503 of `/health`, reads as the operation says.
      ...Object.fromEntries(
        Object.entries(answers)
          .filter(([status]) => Number(status) >= 400)
          .map(([status, answer]) => [status, answerOf(status, answer, sends, components)]),
      ),
    },
  };
}

function rightsFor(permission: keyof typeof permissions): string {
  const { roles, meaning } = permissions[permission];
  return `Permission \`${permission}\` (${meaning.toLowerCase()}): ${roles.join(', ')}.`;
}

/** `post /api/jobs/{queue}/{job}/cancel` is `postJobsByQueueByJobCancel`. */
function operationIdOf(method: string, path: string): string {
  const words = path
    .replace(/^\/api\//, '/')
    .replaceAll(/\{(\w+)\}/g, 'by-$1')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function parametersOf(schema: z.ZodType | undefined, place: string, components: Components): Parameter[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = Object(components.convert(schema, 'input'));
  return Object.entries<JsonSchema>(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(typeof description === 'string' ? { description } : {}),
    schema: rest,
  }));
}

function bodyOf({ body, form }: Operation, components: Components) {
  const [type, schema] = form === undefined ? ['application/json', body] : ['multipart/form-data', form];
  if (schema === undefined) return undefined;
  return { required: true, content: { [type]: { schema: components.convert(schema, 'input') } } };
}

/** What a status says where the operation says no more. */
const meanings: Readonly<Record<string, string>> = {
  200: 'Done',
  201: 'Made',
  202: 'Accepted: it will be done',
  204: 'Done; there is nothing to say',
};

function answerOf(
  status: string,
  answer: z.ZodType | RawAnswer,
  sends: Operation['sends'],
  components: Components,
): DocumentedAnswer {
  const ours = answer instanceof z.ZodType;
  const sent = Object.entries(sends ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return {
    description: ours ? (meanings[status] ?? 'Done') : answer.description,
    headers: {
      'X-Correlation-Id': { $ref: '#/components/headers/X-Correlation-Id' },
      ...Object.fromEntries(sent),
    },
    ...contentOf(ours ? { contentType: 'application/json', schema: inEnvelope(answer) } : answer, components),
  };
}

function inEnvelope(data: z.ZodType): z.ZodType {
  return z.object({ success: z.literal(true), data });
}

function contentOf(
  { contentType, schema }: Pick<RawAnswer, 'contentType' | 'schema'>,
  components: Components,
): { content?: Content } {
  if (contentType === undefined) return {};
  const written = schema === undefined ? { type: 'string' } : components.convert(schema, 'output');
  return { content: { [contentType]: { schema: written } } };
}
