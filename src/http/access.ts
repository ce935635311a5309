import { ApiTokens } from '../access/api-tokens.ts';
import { AuditTrail } from '../access/audit-trail.ts';
import { Revoked } from '../access/revoked.ts';
import { createTokens, type Tokens } from '../access/tokens.ts';
import { TryLimits } from '../access/try-limits.ts';
import type { Database } from '../integrations/database/port.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Logger } from '../observability/logger.ts';
import { deriveKey, sign } from './keys.ts';

/** All that decides who gets in and what they may do, as API and pages share it. */
export interface Access {
  readonly tokens: Tokens;
  readonly apiTokens: ApiTokens;
  readonly revoked: Revoked;
  readonly trail: AuditTrail;
  readonly tries: TryLimits;
  /** Keeps `revoked` up to date; `stop` waits for what is still to be written. */
  readonly service: Service;
}

/** How late a process hears that a token was revoked or a session closed in another. */
const revocationDelayMs = 2_000;

export function createAccess(options: {
  readonly database: Database;
  readonly jwtSecret: string;
  readonly log: Logger;
}): Access {
  const { database, jwtSecret, log } = options;
  const revoked = new Revoked(database.access.revocations);
  const tokens = createTokens(jwtSecret, (id) => revoked.has(id));
  const trail = new AuditTrail(database.audit, log);
  const tryKey = deriveKey(jwtSecret, 'sign-in tries');
  const loop = createLoop({
    name: 'revocations',
    intervalMs: revocationDelayMs,
    runOnce: () => revoked.refresh(),
    onError: (error) => log.warn({ err: error }, 'revoked tokens could not be looked up; tried again'),
  });
  return {
    tokens,
    apiTokens: new ApiTokens(database.access.tokens, tokens),
    revoked,
    trail,
    tries: new TryLimits(database.access.tries, (text) => sign(tryKey, text)),
    service: {
      name: 'access',
      async start() {
        await revoked.refresh();
        await loop.start();
      },
      async stop() {
        await loop.stop();
        await trail.settled();
      },
    },
  };
}
