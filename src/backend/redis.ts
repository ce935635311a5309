import { withBackend } from 'bullmq';
import { Redis, ReplyError } from 'ioredis';
import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';
import { createGatheringRedisBackend } from './gathering/redis-backend.ts';
import { inspectRedis } from './inspect-redis.ts';
import { workerOptions } from './options.ts';
import type { Backend } from './port.ts';
import type { Telemetry } from './telemetry.ts';

export interface RedisBackendOptions {
  readonly url: string;
  /** Prefix of all keys; BullMQ's own when absent. */
  readonly prefix?: string;
  readonly telemetry?: Telemetry;
}

const { Queue, Worker } = withBackend(createGatheringRedisBackend);

/** How long a producer waits for Redis to answer before the caller is told that nothing was accepted. */
const producerTimeoutMs = 4_000;
/** After so long without a word a worker's connection counts as lost; its longest silence in peace is 10 s. */
const workerSilenceMs = 30_000;
const keepAliveMs = 10_000;

/**
 * Queues on one Redis server, `rediss://` for TLS.
 * @throws MillraceError QUEUE_UNAVAILABLE when it cannot be reached.
 */
export async function openRedisBackend({
  url,
  prefix = 'bull',
  telemetry,
}: RedisBackendOptions): Promise<Backend> {
  // Producers fail fast: a caller of the API must hear at once that its job was not accepted.
  const producer = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: producerTimeoutMs,
    keepAlive: keepAliveMs,
  });
  // Workers wait for Redis to come back, however long it takes (BullMQ asks for this setting).
  const consumer = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    socketTimeout: workerSilenceMs,
    keepAlive: keepAliveMs,
  });
  // Both reconnect by themselves; what fails meanwhile is reported by whoever asked for it.
  let fault: unknown;
  for (const client of [producer, consumer]) {
    client.on('error', (error) => {
      fault = error;
    });
  }
  try {
    await Promise.all([producer.connect(), consumer.connect()]);
  } catch (error) {
    // Else both would go on trying for ever.
    for (const client of [producer, consumer]) client.disconnect();
    // What `connect` rejects with says no more than that the connection is closed; why was told before.
    const cause = fault ?? error;
    throw new MillraceError(
      'QUEUE_UNAVAILABLE',
      `Redis at ${withoutSecrets(url)} does not answer (${messageOf(cause)}). Check REDIS_URL and the server.`,
      { cause, retryable: !(cause instanceof ReplyError) },
    );
  }
  const traced = telemetry === undefined ? {} : { telemetry };
  return {
    kind: 'redis',
    address: withoutSecrets(url),
    // A queue that is opened while Redis is away fails at once, too, instead of waiting for it.
    queue: (name) => new Queue(name, { connection: producer, prefix, skipWaitingForReady: true, ...traced }),
    worker: (name, processor, settings) =>
      new Worker(name, processor, { ...workerOptions(settings), connection: consumer, prefix, ...traced }),
    async ping() {
      const began = performance.now();
      await producer.ping();
      return performance.now() - began;
    },
    inspect: () => inspectRedis(producer),
    async close() {
      producer.disconnect();
      consumer.disconnect();
    },
  };
}

function withoutSecrets(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
