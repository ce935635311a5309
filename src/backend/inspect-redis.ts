import type { Redis } from 'ioredis';
import { clockSkew } from './clock-skew.ts';
import type { Finding } from './port.ts';

/** The oldest that BullMQ supports (https://docs.bullmq.io/guide/going-to-production). */
const oldest = [6, 2] as const;

/** What of a Redis would lose jobs or delay them. */
export async function inspectRedis(redis: Redis): Promise<Finding[]> {
  const asked = Date.now();
  const [info, [seconds = 0, micros = 0]] = await Promise.all([redis.info(), redis.time()]);
  const skew = clockSkew('Redis', Number(seconds) * 1_000 + Number(micros) / 1_000, asked, Date.now());
  return [...readInfo(info), ...skew];
}

/** @param info the answer to INFO (https://redis.io/docs/latest/commands/info/). */
export function readInfo(info: string): Finding[] {
  const fields = new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':');
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
  const findings: Finding[] = [];
  const version = fields.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    findings.push({
      level: 'fault',
      about: 'Redis',
      message: `Version ${version || 'unknown'} is too old: the queues need ${oldest.join('.')} or newer.`,
    });
  }
  const policy = fields.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction') {
    const limited = Number(fields.get('maxmemory') ?? 0) > 0;
    findings.push({
      level: limited ? 'fault' : 'warning',
      about: 'Redis',
      message: `maxmemory-policy is ${policy}: ${limited ? 'at its memory limit' : 'once a memory limit is set,'} Redis would throw jobs away. Run: redis-cli config set maxmemory-policy noeviction`,
    });
  }
  if (fields.get('aof_enabled') === '0') {
    findings.push({
      level: 'warning',
      about: 'Redis',
      message:
        'The append-only file is off: jobs added since the last snapshot are gone when Redis crashes. Run: redis-cli config set appendonly yes',
    });
  }
  return findings;
}
