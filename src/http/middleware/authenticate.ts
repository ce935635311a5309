import type { Request, RequestHandler, Response } from 'express';
import { may, type Permission, type Principal, permissions } from '../../access/roles.ts';
import type { Tokens } from '../../access/tokens.ts';
import { MillraceError } from '../../errors/catalogue.ts';
import { contextOf, principalOf } from '../context.ts';

/** The bearer token of a request, if it has one (RFC 6750). */
export function bearerOf(request: Request): string | undefined {
  const match = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(request.get('Authorization') ?? '');
  return match?.[1];
}

/** Lets in whoever bears a valid token. */
export function authenticate(tokens: Tokens): RequestHandler {
  return async (request, response, next) => {
    contextOf(request).principal = await readBearer(tokens, request, response);
    next();
  };
}

/** @throws MillraceError UNAUTHENTICATED, with `WWW-Authenticate` set. */
export async function readBearer(tokens: Tokens, request: Request, response: Response): Promise<Principal> {
  const token = bearerOf(request);
  if (token === undefined) {
    response.set('WWW-Authenticate', 'Bearer realm="millrace"');
    throw new MillraceError(
      'UNAUTHENTICATED',
      'This needs a token: send it as `Authorization: Bearer <token>`; `millrace token create` makes one.',
    );
  }
  try {
    return await tokens.verify(token);
  } catch (error) {
    response.set('WWW-Authenticate', 'Bearer realm="millrace", error="invalid_token"');
    throw error;
  }
}

/** Lets on whoever has the permission. */
export function permit(permission: Permission): RequestHandler {
  return (request, response, next) => {
    requirePermission(request, response, permission);
    next();
  };
}

/** @throws MillraceError FORBIDDEN saying which roles may, with `WWW-Authenticate` set (RFC 6750, 3.1). */
export function requirePermission(request: Request, response: Response, permission: Permission): void {
  const { role } = principalOf(request);
  if (may(role, permission)) return;
  const [least, ...others] = permissions[permission].roles;
  response.set('WWW-Authenticate', `Bearer realm="millrace", error="insufficient_scope", scope="${least}"`);
  throw new MillraceError(
    'FORBIDDEN',
    `This needs the role ${[least, ...others].join(' or ')}; yours is ${role}.`,
  );
}
