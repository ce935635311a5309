import { Redis } from 'ioredis';
import pg from 'pg';

/** All that a store holds of a queue, without what differs from run to run: times, tokens of workers, stacks. */
export type StoredQueue = Readonly<Record<string, unknown>>;

const times = /^(timestamp|processedOn|finishedOn|stalled-check|seq|.*_ms)$/;

/** Every key of the queue by the rest of its name. */
export async function storedInRedis(url: string, prefix: string, queue: string): Promise<StoredQueue> {
  const redis = new Redis(url);
  const base = `${prefix}:${queue}:`;
  const found: Record<string, unknown> = {};
  for (const key of (await redis.keys(`${base}*`)).sort())
    found[key.slice(base.length)] = await contentOf(redis, key);
  redis.disconnect();
  return found;
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return withoutTimes(await redis.hgetall(key));
    case 'list':
      return redis.lrange(key, '0', '-1');
    case 'set':
      return (await redis.smembers(key)).sort();
    case 'zset':
      return (await redis.zrange(key, '0', '-1')).sort();
    case 'stream':
      return (await redis.xrange(key, '-', '+')).map(([, fields]) => fields);
    default:
      return key.endsWith(':stalled-check') ? 'a time' : redis.get(key);
  }
}

/** The queue's rows of every table of BullMQ. */
export async function storedInPostgres(url: string, queue: string): Promise<StoredQueue> {
  const client = new pg.Client({ connectionString: url, options: '-c search_path=bullmq' });
  await client.connect();
  const rows = async (table: string, order: string) =>
    (await client.query(`select * from ${table} where queue = $1 order by ${order}`, [queue])).rows.map(
      ({ queue: _queue, id, ...row }) => withoutTimes(table === 'event' ? row : { id, ...row }),
    );
  const found = {
    job: await rows('job', 'seq'),
    event: await rows('event', 'id'),
    meta: await rows('meta', 'field'),
    dedup: await rows('dedup', 'dedup_id'),
    metrics: await rows('metrics', 'kind'),
    nextId: (await client.query('select next_job_id($1) as id', [queue])).rows,
  };
  await client.end();
  return found;
}

function withoutTimes(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (value === null || value === undefined) return [name, value];
      if (times.test(name)) return [name, 'a time'];
      if (fields.field === 'stalled-check' && name === 'value') return [name, 'a time'];
      if (name === 'stacktrace') return [name, 'a stack'];
      return [name, ['data', 'opts', 'returnvalue'].includes(name) ? sorted(parsed(value)) : value];
    }),
  );
}

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value;
}

/** Lua's tables have no order of fields. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries: [string, unknown][] = Object.entries(value);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]),
  );
}
