import { z } from 'zod';
import { type ApiTokens, tokenRequest } from '../../access/api-tokens.ts';
import type { Revoked } from '../../access/revoked.ts';
import type { ApiToken } from '../../integrations/database/port.ts';
import { type Route, reply, route } from '../route.ts';
import { time } from '../schemas/fields.ts';
import { nextCursor, pageLimit, rowCursor } from '../schemas/paging.ts';

const tag = 'Tokens';

const tokenAddress = z.object({
  token: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, 'is no id of a token')
    .describe("The token's id"),
});

const apiToken = z
  .object({
    id: z.string(),
    subject: z.string().describe('Who uses it'),
    role: z.string(),
    createdBy: z.string(),
    createdAt: time,
    expiresAt: time,
    revokedBy: z.string().nullable(),
    revokedAt: time.nullable(),
  })
  .meta({ id: 'ApiToken' });

const listQuery = z.strictObject({
  subject: z.string().min(1).max(255).optional().describe('Those of one user'),
  cursor: rowCursor.optional(),
  limit: pageLimit,
});

export interface TokenRoutesOptions {
  readonly apiTokens: ApiTokens;
  readonly revoked: Revoked;
}

/** API tokens: made, listed, revoked. */
export function tokenRoutes({ apiTokens, revoked }: TokenRoutesOptions): Route[] {
  const list = route({
    method: 'get',
    path: '/tokens',
    tag,
    permission: 'tokens.manage',
    summary: 'List API tokens, the newest first',
    query: listQuery,
    answers: { 200: z.object({ tokens: z.array(apiToken), nextCursor }) },
    async handle({ query: { subject, cursor, limit } }) {
      const found = await apiTokens.list({ subject, before: cursor }, limit + 1);
      const tokens = found.slice(0, limit);
      const next = found.length > limit ? (tokens.at(-1)?.cursor ?? null) : null;
      return reply(200, { tokens: tokens.map(viewToken), nextCursor: next });
    },
  });

  const create = route({
    method: 'post',
    path: '/tokens',
    tag,
    permission: 'tokens.manage',
    summary: 'Make an API token',
    description: 'The token itself, `secret`, is in this answer and in no other: it is kept nowhere.',
    body: tokenRequest,
    answers: { 201: z.object({ token: apiToken, secret: z.string() }) },
    audit: { action: 'token.create', object: () => 'token:new' },
    async handle({ body, principal, note }) {
      const { token, secret } = await apiTokens.create(body, principal.subject);
      note({ token: token.id, subject: token.subject, role: token.role });
      return reply(201, { token: viewToken(token), secret });
    },
  });

  const revoke = route({
    method: 'delete',
    path: '/tokens/{token}',
    tag,
    permission: 'tokens.manage',
    summary: 'Revoke an API token',
    description: 'Every process refuses it within seconds. Again is harmless.',
    params: tokenAddress,
    answers: { 200: z.object({ token: apiToken }) },
    errors: ['TOKEN_NOT_FOUND'],
    audit: { action: 'token.revoke', object: ({ token }) => `token:${token}` },
    async handle({ params, principal }) {
      const token = await apiTokens.revoke(params.token, principal.subject);
      revoked.add(token.id, token.expiresAt);
      return reply(200, { token: viewToken(token) });
    },
  });

  return [list, create, revoke];
}

function viewToken({ cursor: _, revokedBy, revokedAt, ...token }: ApiToken) {
  return { ...token, revokedBy: revokedBy ?? null, revokedAt: revokedAt ?? null };
}
