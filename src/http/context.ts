import type { IncomingMessage } from 'node:http';
import type { Principal } from '../access/roles.ts';
import { MillraceError } from '../errors/catalogue.ts';
import type { Logger } from '../observability/logger.ts';

/** What is known of a request beside what it says itself. */
export interface RequestContext {
  readonly correlationId: string;
  readonly log: Logger;
  /** Who asks; set by the authentication. */
  principal?: Principal;
}

const contexts = new WeakMap<IncomingMessage, RequestContext>();

export function openContext(request: IncomingMessage, context: RequestContext): void {
  contexts.set(request, context);
}

/** The context of a request; every request has one, since the first middleware gives it. */
export function contextOf(request: IncomingMessage): RequestContext {
  const context = contexts.get(request);
  if (context === undefined) throw new Error('A request came past the middleware that gives it its context.');
  return context;
}

/** Who asks. @throws MillraceError UNAUTHENTICATED when nobody has been let in. */
export function principalOf(request: IncomingMessage): Principal {
  const { principal } = contextOf(request);
  if (principal === undefined) throw new MillraceError('UNAUTHENTICATED', 'This needs a token.');
  return principal;
}
