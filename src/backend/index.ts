import type { Backend } from './port.ts';
import { openPostgresBackend } from './postgres.ts';
import { openRedisBackend } from './redis.ts';

import type { Telemetry } from './telemetry.ts';

export type { Backend } from './port.ts';
export { connectionsOf } from './postgres.ts';

/** What says where the queues live; the one place that tells the stores apart. */
export interface BackendChoice {
  readonly kind: Backend['kind'];
  readonly redisUrl: string | undefined;
  /** PostgreSQL's address: from the configuration, or that of the embedded server. Redis needs none. */
  readonly databaseUrl: string | undefined;
  readonly workers: number;
  /** Traces jobs from whoever adds them to the worker; absent where no traces are sent. */
  readonly telemetry?: Telemetry;
}

/** Opens the chosen store. Rejects when it cannot be reached. */
export function openBackend({
  kind,
  redisUrl,
  databaseUrl,
  workers,
  telemetry,
}: BackendChoice): Promise<Backend> {
  if (kind === 'redis') {
    if (redisUrl === undefined)
      throw new Error('The redis backend needs an address; the configuration checks that.');
    return openRedisBackend({ url: redisUrl, ...(telemetry === undefined ? {} : { telemetry }) });
  }
  if (databaseUrl === undefined)
    throw new Error('The postgres backend needs an address; the composition root sees to it.');
  return openPostgresBackend({
    url: databaseUrl,
    workers,
    embedded: kind === 'embedded',
    ...(telemetry === undefined ? {} : { telemetry }),
  });
}
