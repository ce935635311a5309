import type pg from 'pg';
import { clockSkew } from './clock-skew.ts';
import type { Finding } from './port.ts';

/** The oldest that PostgreSQL's makers still mend (https://www.postgresql.org/support/versioning/). */
const oldestMajor = 14;

interface Row {
  version: number;
  most: number;
  reserved: number;
  used: number;
  now_ms: string;
  commit: string;
}

/**
 * What of a PostgreSQL would lose jobs or delay them.
 * @param connections how many this process and its worker processes may open to it, all pools together.
 */
export async function inspectPostgres(pool: pg.Pool, connections: number): Promise<Finding[]> {
  const asked = Date.now();
  const { rows } = await pool.query<Row>(`select current_setting('server_version_num')::int as version,
    current_setting('max_connections')::int as most,
    current_setting('superuser_reserved_connections')::int as reserved,
    (select count(*)::int from pg_stat_activity
      where backend_type = 'client backend' and application_name not like 'millrace%') as used,
    (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms,
    current_setting('synchronous_commit') as commit`);
  const [row] = rows;
  if (row === undefined) return [];
  const skew = clockSkew('PostgreSQL', Number(row.now_ms), asked, Date.now());
  return [...readSettings(row, connections), ...skew];
}

export function readSettings(row: Omit<Row, 'now_ms'>, connections: number): Finding[] {
  const findings: Finding[] = [];
  const about = 'PostgreSQL';
  const major = Math.floor(row.version / 10_000);
  if (major < oldestMajor) {
    findings.push({
      level: 'warning',
      about,
      message: `Version ${major} gets no more corrections. Use ${oldestMajor} or newer.`,
    });
  }
  const free = row.most - row.reserved - row.used;
  if (connections > free) {
    findings.push({
      level: 'warning',
      about,
      message: `This start may open ${connections} connections, and the server has ${free} left of max_connections = ${row.most}. Raise max_connections, or lower DATABASE_POOL_MAX or WORKER_PROCESSES.`,
    });
  }
  if (row.commit === 'off') {
    findings.push({
      level: 'warning',
      about,
      message:
        'synchronous_commit is off: jobs of the last moments are gone when the server crashes. Set it to on for this database.',
    });
  }
  return findings;
}
