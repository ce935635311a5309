import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { flag, text, type Variable, variable, whole } from './define.ts';

/** As Express takes it (expressjs.com, "Express behind proxies"). `true` is refused: then anybody could claim any address. */
const trustedProxies = z.string().transform((value, context): string | number => {
  if (/^[1-9]$/.test(value)) return Number(value);
  const parts = value.split(',').map((part) => part.trim());
  // The library alone would take `0` and `10.1` for addresses.
  const network = (part: string) => isIP(part.split('/')[0] ?? '') !== 0 && ipaddr.isValidCIDR(part);
  const known = (part: string) =>
    ['loopback', 'linklocal', 'uniquelocal'].includes(part) || isIP(part) !== 0 || network(part);
  if (parts.every(known)) return parts.join(',');
  const message =
    'must be addresses, networks, or loopback, linklocal, uniquelocal, with commas between them; or how many proxies there are';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const sizes = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;
const size = z
  .string()
  .regex(/^\d+[KMG]$/, 'must be a size such as 512M or 2G')
  .transform((value) => {
    const unit = value.slice(-1);
    return Number(value.slice(0, -1)) * (unit === 'K' ? sizes.K : unit === 'M' ? sizes.M : sizes.G);
  });

/** A process holds about 180 MB when it has just started; with less it would never get to its work. */
const leastMemory = 256 * sizes.M;
const leastMemoryText = 'must be at least 256M: that is what a worker process needs to do anything';

const roles = ['api', 'worker', 'scheduler'] as const;
export type Role = (typeof roles)[number];

const role = z.string().transform((value, context): readonly Role[] => {
  const wanted = value.split(',').map((part) => part.trim());
  if (wanted.includes('all')) return roles;
  const unknown = wanted.filter((part) => !roles.some((known) => known === part));
  if (unknown.length > 0) {
    context.addIssue({
      code: 'custom',
      message: `must be all, or a list of ${roles.join(', ')}`,
    });
  }
  return roles.filter((known) => wanted.includes(known));
});

/** What the process is and where it listens. */
export const service = {
  NODE_ENV: variable(z.enum(['development', 'test', 'production']), {
    default: 'development',
    description: 'What the process runs as',
  }),
  SERVICE_NAME: variable(text.max(60), {
    default: 'millrace',
    description: 'Name in logs, metrics and Sentry',
  }),
  ROLE: variable(role, { default: 'all', description: '`all`, or a list of `api,worker,scheduler`' }),
  PORT: variable(whole(0, 65_535), {
    default: '8500',
    description: 'HTTP: API, health, board, `/metrics`; `0` takes a free one',
  }),
  HOST: variable(text, { default: '0.0.0.0', description: 'Address that HTTP listens on' }),
  TRUST_PROXY: variable(trustedProxies, {
    default: 'loopback',
    description:
      'Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses, networks, or `loopback`, `linklocal`, `uniquelocal` (private ones, as in a cluster); or how many there are',
  }),
  METRICS_PORT: variable(whole(0, 65_535).optional(), {
    derived: '`9090` in production, else `0`',
    description:
      'A second listener for `/metrics` and `/health` alone, for scrapers; `0` = none. Where another process has the default, this one does without',
  }),
  LOG_LEVEL: variable(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), {
    default: 'info',
    description: 'pino’s levels',
  }),
  DEBUG_SCORING: variable(flag, {
    default: 'false',
    description: '`true`: story scoring logs inputs’ lengths, scores and tokens',
  }),
  STARTUP_TIMEOUT: variable(whole(0, 3_600_000), {
    default: '60000',
    description:
      'ms that a start waits for Redis, PostgreSQL or Supabase while it does not answer; then it ends with exit code 1. `0`: not at all',
  }),
  SHUTDOWN_TIMEOUT: variable(whole(0, 3_600_000), {
    default: '30000',
    description: 'ms for running jobs to finish on SIGTERM',
  }),
  MAX_MEMORY_RESTART: variable(
    size.refine((bytes) => bytes >= leastMemory, leastMemoryText),
    {
      default: '2G',
      description:
        'Resident memory of a worker process above which it takes no more jobs, drains and is replaced; at least `256M`',
    },
  ),
  WORKER_PROCESSES: variable(whole(1, 64), {
    default: '1',
    description:
      'Worker processes under the supervisor, each with the concurrency and the pools of one; with `1` this process does the work itself',
  }),
  DATA_DIR: variable(text, {
    default: '.millrace',
    description: 'Embedded database, local storage, outbox',
  }),
} as const satisfies Record<string, Variable>;
