import { z } from 'zod';
import { catalogue, type ErrorCode } from '../../errors/catalogue.ts';
import type { Operation } from '../route.ts';
import type { DocumentedAnswer } from './operation.ts';

/** How every refusal reads. */
export const errorAnswer = z
  .object({
    success: z.literal(false),
    error: z.object({
      code: z.string().describe('Stable; `docs/errors.md` has them all'),
      message: z.string().describe('What to do, for people'),
      details: z
        .array(z.object({ path: z.string(), message: z.string() }))
        .optional()
        .describe('Each wrong field by its path'),
    }),
  })
  .meta({ id: 'Error' });

/** The codes that an operation may answer with, those that follow from what it is included. */
function codesOf({ permission, body, form, errors = [] }: Operation): readonly ErrorCode[] {
  const codes: ErrorCode[] = ['INVALID_REQUEST', ...errors, 'REQUEST_TIMEOUT', 'UNKNOWN'];
  if (permission !== undefined) codes.push('UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED');
  if (body !== undefined || form !== undefined) codes.push('TOO_LARGE', 'UNSUPPORTED_MEDIA');
  return [...new Set(codes)];
}

/** The refusals of an operation by status, as references to what `refusals` has. */
export function refusalsOf(operation: Operation): Record<string, { readonly $ref: string }> {
  return Object.fromEntries(
    groupsOf(operation).map(({ status, name }) => [status, { $ref: `#/components/responses/${name}` }]),
  );
}

/** Every refusal that some operation refers to, by its name: the codes that it may have. */
export function refusals(operations: readonly Operation[]): Record<string, DocumentedAnswer> {
  const groups = operations
    .flatMap(groupsOf)
    .map(({ name, status, codes }) => [name, refusal(status, codes)]);
  return Object.fromEntries(groups);
}

function groupsOf(operation: Operation) {
  const byStatus = Map.groupBy(codesOf(operation), (code) => catalogue[code].status);
  return [...byStatus].map(([status, codes]) => ({ status, codes, name: [...codes].sort().join('.') }));
}

function refusal(status: number, codes: readonly ErrorCode[]): DocumentedAnswer {
  const comesBack = status === 429 || status === 503;
  return {
    description: codes.map((code) => `\`${code}\`: ${catalogue[code].meaning}`).join('\n\n'),
    headers: {
      'X-Correlation-Id': { $ref: '#/components/headers/X-Correlation-Id' },
      ...(comesBack ? { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } : {}),
      ...(status === 401 ? { 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } } : {}),
    },
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Error' },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}

/** One example for each code that some operation may answer with. */
export function errorExamples(operations: readonly Operation[]): Record<string, object> {
  const codes = [...new Set(operations.flatMap(codesOf))].sort();
  return Object.fromEntries(codes.map((code) => [code, { summary: code, value: exampleOf(code) }]));
}

function exampleOf(code: ErrorCode): z.output<typeof errorAnswer> {
  const message = catalogue[code].meaning;
  const named = code === 'INVALID_REQUEST' || code === 'INVALID_PAYLOAD' || code === 'INVALID_OPTIONS';
  const details = [{ path: 'data.email', message: 'must be a mail address, for example ada@example.com' }];
  return { success: false, error: { code, message, ...(named ? { details } : {}) } };
}
