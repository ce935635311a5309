import { z } from 'zod';
import { encoded, text, type Variable, variable, whole } from './define.ts';

const redisUrl = text.superRefine((value, context) => {
  if (/^redis\+(sentinel|cluster):/.test(value)) {
    context.addIssue({
      code: 'custom',
      message:
        'Sentinel and Cluster are not supported yet: give one server as redis://host:6379, or rediss:// for TLS',
    });
  } else if (!/^rediss?:\/\/[^\s/]+/.test(value) || !URL.canParse(value)) {
    context.addIssue({
      code: 'custom',
      message: `must be an address such as redis://localhost:6379, or rediss:// for TLS; ${encoded}`,
    });
  }
});

const redisHost = text.refine(
  (host) => /^(\[[0-9A-Fa-f:.]+\]|[^\s/:@?#[\]%]+)$/.test(host) && URL.canParse(`redis://${host}:6379`),
  'must be a host name or an address without a port; an IPv6 address stands in brackets',
);

const postgresUrl = text.refine(
  (value) => /^postgres(ql)?:\/\/\S+$/.test(value) && URL.canParse(value),
  `must be an address such as postgresql://user:password@host:5432/database; ${encoded}`,
);

/** Where the queues and the application’s tables live. */
export const backend = {
  QUEUE_BACKEND: variable(z.enum(['redis', 'postgres', 'embedded']).optional(), {
    derived: '`redis` if Redis is set, else `postgres` if `DATABASE_URL` is, else `embedded`',
    description: 'Where the queues live',
  }),
  REDIS_URL: variable(redisUrl.optional(), { description: 'Redis, `rediss://` for TLS', secret: true }),
  REDIS_HOST: variable(redisHost.optional(), { description: 'Redis, when there is no `REDIS_URL`' }),
  REDIS_PORT: variable(whole(1, 65_535), { default: '6379', description: 'Its port' }),
  REDIS_PASSWORD: variable(text.optional(), {
    description: 'Its password; also used when `REDIS_URL` has none',
    secret: true,
  }),
  DATABASE_URL: variable(postgresUrl.optional(), {
    derived: 'the embedded PostgreSQL',
    description: 'PostgreSQL',
    secret: true,
  }),
  DATABASE_POOL_MAX: variable(whole(2, 500), {
    default: '10',
    description: 'Database connections per process for the application’s own tables',
  }),
} as const satisfies Record<string, Variable>;
