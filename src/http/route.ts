import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { z } from 'zod';
import type { AuditAction } from '../access/audit-actions.ts';
import type { Permission, Principal } from '../access/roles.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import type { AuditDetail } from '../integrations/database/port.ts';
import type { Logger } from '../observability/logger.ts';
import { parse, sendData } from './answer.ts';
import { contextOf, principalOf } from './context.ts';
import type { Audited } from './middleware/audit.ts';
import { permit } from './middleware/authenticate.ts';
import { jsonBody, jsonOnly } from './middleware/json-body.ts';
import { noQuery } from './middleware/no-query.ts';

type Part = z.ZodType | undefined;
type Read<P extends Part> = P extends z.ZodType ? z.output<P> : undefined;

/** An answer that is not our JSON: a page, a file, a stream, nothing. Its handler writes it itself. */
export interface RawAnswer {
  /** Absent when there is no body. */
  readonly contentType?: string;
  readonly description: string;
  /** The whole of a body that is JSON. */
  readonly schema?: z.ZodType;
}

/** What a route answers, by status: the schema of `data`, or something else than JSON. */
export type Answers = Readonly<Record<number, z.ZodType | RawAnswer>>;

/** Lists and objects of an answer may be shared with the engine, which does not let them be changed. */
type Shared<T> = T extends Date
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Shared<Item>[]
    : T extends object
      ? { readonly [K in keyof T]: Shared<T[K]> }
      : T;

/** An answer as a handler gives it. */
type Reply<A extends Answers> = {
  [S in keyof A & number]: A[S] extends z.ZodType
    ? { readonly status: S; readonly data: Shared<z.output<A[S]>> & object }
    : never;
}[keyof A & number];

/** Makes an answer; said so, its status keeps its own type. */
export function reply<const S extends number, D>(
  status: S,
  data: D,
): { readonly status: S; readonly data: D } {
  return { status, data };
}

/** What a handler knows of a request that has passed its checks. */
export interface Call<P, Q, H, B> {
  readonly params: P;
  readonly query: Q;
  readonly headers: H;
  readonly body: B;
  readonly principal: Principal;
  readonly correlationId: string;
  readonly log: Logger;
  /** Adds to the audit entry what came of it. */
  note(detail: AuditDetail): void;
  readonly request: Request;
  readonly response: Response;
}

/** An operation with some of its path known, and what it takes then. */
export interface OperationKind {
  readonly params: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly body: z.ZodType;
  /** What comes of it in the end, when the answer is but that it will be done. */
  readonly result: z.ZodType;
}

/** Who makes a call, and under which id. */
export type Asking = Pick<Call<unknown, unknown, unknown, unknown>, 'principal' | 'correlationId' | 'log'>;

/**
 * One operation of the API, said once: the same schemas check the request and make its part of the OpenAPI document.
 * `P`, `Q`, `H`, `B` and `A` are the schemas of its path, query, headers, body and answers.
 */
export interface RouteDescription<
  P extends Part,
  Q extends Part,
  H extends Part,
  B extends Part,
  A extends Answers,
> {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** Below `/api`, as OpenAPI writes it: `/jobs/{queue}/{job}`. */
  readonly path: string;
  readonly permission: Permission;
  /** One line, and what else there is to know, in Markdown. */
  readonly summary: string;
  readonly description?: string;
  /** The heading that it stands under in the document. */
  readonly tag: string;
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: H;
  readonly body?: B;
  /** How large a body may be; 300 kB when absent. */
  readonly bodyLimit?: string;
  /** For `multipart/form-data`: what it holds. The handler reads it itself, as it comes. */
  readonly form?: z.ZodType;
  readonly answers: A;
  /** Headers of a good answer, by name, with what they say. */
  readonly sends?: Readonly<Record<string, string>>;
  /** The codes that it may fail with, beside those that everything may. */
  readonly errors?: readonly ErrorCode[];
  /** The kinds of this operation, where the document tells them apart: for each job what it takes. */
  readonly kinds?: readonly OperationKind[];
  /** For a change: its name in the audit log, and on what it is done, as `<kind>:<id>`. */
  readonly audit?: { readonly action: AuditAction; object(params: Read<P>): string };
  /** Gives the answer, or `undefined` when it has written one that is not JSON. */
  handle(call: Call<Read<P>, Read<Q>, Read<H>, Read<B>>): Promise<Reply<A> | undefined>;
}

/** A route as the document sees it; without a permission it is open to everybody. */
export type Operation = Pick<
  RouteDescription<Part, Part, Part, Part, Answers>,
  | 'method'
  | 'path'
  | 'summary'
  | 'description'
  | 'tag'
  | 'params'
  | 'query'
  | 'headers'
  | 'body'
  | 'form'
  | 'answers'
  | 'sends'
  | 'errors'
  | 'kinds'
> & { readonly permission?: Permission; readonly result?: z.ZodType };

/** A route as what mounts it sees it. */
export interface Route extends Operation {
  handlers(audited: Audited): readonly RequestHandler[];
}

/** Describes a route; its handler's types follow from the schemas. */
export function route<
  A extends Answers,
  P extends Part = undefined,
  Q extends Part = undefined,
  H extends Part = undefined,
  B extends Part = undefined,
>(description: RouteDescription<P, Q, H, B, A>): Route {
  const { permission, audit, handle } = description;
  const run = async (request: Request, response: Response, note: (detail: AuditDetail) => void) => {
    const { correlationId, log } = contextOf(request);
    const answer = await handle({
      params: read(description.params, request.params, 'address'),
      query: read(description.query, { ...request.query }, 'query'),
      headers: read(description.headers, headersOf(request, description.headers), 'header'),
      body: read(description.body, request.body, 'body'),
      principal: principalOf(request),
      correlationId,
      log,
      note,
      request,
      response,
    });
    if (answer !== undefined) sendData(response, answer.data, answer.status);
  };
  return {
    ...description,
    handlers(audited) {
      const checks = [
        ...(description.query === undefined ? [noQuery] : []),
        ...(description.body === undefined ? [] : [jsonOnly, ...jsonBody(description.bodyLimit)]),
      ];
      if (audit === undefined) {
        return [
          permit(permission),
          ...checks,
          (request, response) => run(request, response, () => undefined),
        ];
      }
      const objectOf = (request: Request) =>
        audit.object(read(description.params, request.params, 'address'));
      return [...checks, audited(permission, audit.action, objectOf, run)];
    },
  };
}

/** A router of routes, in the order in which they are tried. */
export function mount(routes: readonly Route[], audited: Audited): Router {
  const router = Router();
  for (const described of routes) {
    router[described.method](expressPath(described.path), ...described.handlers(audited));
  }
  return router;
}

/** OpenAPI writes `{id}` where Express writes `:id`. */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function read<P extends Part>(schema: P | undefined, value: unknown, part: string): Read<P>;
function read(schema: Part, value: unknown, part: string): unknown {
  return schema === undefined ? undefined : parse(schema, value, part);
}

/** The headers that a schema names, whatever their case. */
function headersOf(request: Request, schema: Part): Record<string, unknown> {
  const shape: unknown = schema === undefined ? undefined : Reflect.get(schema, 'shape');
  if (typeof shape !== 'object' || shape === null) return {};
  return Object.fromEntries(Object.keys(shape).map((name) => [name, request.get(name)]));
}
