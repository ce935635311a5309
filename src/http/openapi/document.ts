import type { Operation, OperationKind } from '../route.ts';
import { errorAnswer, errorExamples, refusals } from './errors.ts';
import { type DocumentedOperation, describe } from './operation.ts';
import { Components, type JsonSchema } from './schemas.ts';

/** An OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1). */
export type OpenApiDocument = Readonly<Record<string, unknown>> & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: Readonly<Record<string, object>> & {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
};

/** What the document says of all operations together. */
export interface DocumentFrame {
  readonly version: string;
  /** What stands under each heading, in the order of the headings. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Writes the document of these operations; their paths are whole. */
export function openApiDocument(operations: readonly Operation[], frame: DocumentFrame): OpenApiDocument {
  const components = new Components();
  components.convert(errorAnswer, 'output');
  const paths: Record<string, Record<string, DocumentedOperation>> = {};
  for (const operation of operations.flatMap(kindsOf)) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describe(operation, components),
    };
  }
  const used = new Set(operations.map(({ tag }) => tag));
  for (const { kinds = [] } of operations) for (const { tag } of kinds) used.add(tag);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Millrace',
      version: frame.version,
      summary: 'Typed queues for mail, documents, syncs and stories',
      description: introduction,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This server' }],
    security: [{ bearer: [] }],
    tags: tagsOf(used, frame.tags),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An API token: `npm run token -- create --role producer --subject ci` makes one.',
        },
      },
      headers,
      responses: refusals(operations),
      examples: errorExamples(operations),
      schemas: components.all,
    },
  };
}

const introduction = `Answers are \`{ success: true, data }\` or \`{ success: false, error: { code, message, details? } }\`; codes are stable. Every answer bears \`X-Correlation-Id\`: the caller's own, when the request names one, else a new one. It stands in logs, jobs and alerts.

Repeat what answered 429 or 503 after \`Retry-After\`, and whatever broke off, with the same \`Idempotency-Key\`: it is done once. Fields that are not listed are refused.`;

const headers = {
  'X-Correlation-Id': {
    description: 'Under which the request stands in logs; that of the request, if it named one',
    schema: { type: 'string' },
  },
  'Retry-After': { description: 'When to come back, in seconds', schema: { type: 'integer', minimum: 0 } },
  'WWW-Authenticate': { description: 'What is wrong with the token (RFC 6750)', schema: { type: 'string' } },
};

function tagsOf(used: ReadonlySet<string>, described: DocumentFrame['tags']): object[] {
  const missing = [...used].find((tag) => described[tag] === undefined);
  if (missing !== undefined) throw new Error(`Say in the document's frame what stands under "${missing}".`);
  return Object.entries(described)
    .filter(([name]) => used.has(name))
    .map(([name, description]) => ({ name, description }));
}

/** An operation of several kinds is written once for each. */
function kindsOf(operation: Operation): Operation[] {
  const { kinds, ...whole } = operation;
  return kinds === undefined ? [whole] : kinds.map((kind) => oneKind(whole, kind));
}

function oneKind(operation: Operation, { params, ...known }: OperationKind): Operation {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (whole, name: string) => params[name] ?? whole);
  return { ...operation, ...known, path };
}
