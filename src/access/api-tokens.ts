import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { MillraceError } from '../errors/catalogue.ts';
import type { ApiToken, ApiTokenRows } from '../integrations/database/port.ts';
import { roles } from './roles.ts';
import type { Tokens } from './tokens.ts';

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const longestMs = 366 * units.d;

const ttl = z
  .string()
  .regex(/^[1-9]\d{0,5}[mhd]$/, 'must be a time such as 30m, 12h or 90d')
  .transform((text) => {
    const unit = text.endsWith('m') ? units.m : text.endsWith('h') ? units.h : units.d;
    return Number.parseInt(text, 10) * unit;
  })
  .refine((ms) => ms <= longestMs, 'must be at most 366d');

/** What is asked for when a token is to be made; `ttl` becomes ms. */
export const tokenRequest = z.strictObject({
  /** Who will use it: stands in the audit log and in the jobs that it adds. */
  subject: z
    .string()
    .min(1)
    .max(128)
    .regex(
      /^[A-Za-z0-9][\x21-\x7e]*$/,
      'must begin with a letter or digit and have no spaces, such as "shop"',
    ),
  role: z.enum(roles, { error: `must be one of ${roles.join(', ')}` }),
  /** How long it is good for. */
  ttl: ttl.prefault('90d'),
});

/** Makes, lists and revokes tokens. A token itself is answered once, when it is made, and kept nowhere. */
export class ApiTokens {
  readonly #rows: ApiTokenRows;
  readonly #tokens: Pick<Tokens, 'issue'>;

  constructor(rows: ApiTokenRows, tokens: Pick<Tokens, 'issue'>) {
    this.#rows = rows;
    this.#tokens = tokens;
  }

  async create(
    { subject, role, ttl: ttlMs }: z.output<typeof tokenRequest>,
    createdBy: string,
  ): Promise<{ readonly token: ApiToken; readonly secret: string }> {
    const id = randomUUID();
    // JWTs count in seconds.
    const expiresAt = new Date(Math.floor((Date.now() + ttlMs) / 1_000) * 1_000);
    const secret = await this.#tokens.issue({ subject, role, id }, expiresAt);
    const token = await this.#rows.create({ id, subject, role, createdBy, expiresAt });
    return { token, secret };
  }

  /** The newest first. */
  list(
    filter: { readonly subject?: string | undefined; readonly before?: string | undefined },
    limit: number,
  ): Promise<readonly ApiToken[]> {
    return this.#rows.list(filter, limit);
  }

  /** From now on every process refuses it, within seconds. @throws MillraceError TOKEN_NOT_FOUND */
  async revoke(id: string, by: string): Promise<ApiToken> {
    const token = await this.#rows.revoke(id, by);
    if (token !== undefined) return token;
    throw new MillraceError('TOKEN_NOT_FOUND', `No token of ours has the id "${id}".`);
  }
}
