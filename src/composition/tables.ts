import { join } from 'node:path';
import type { Config } from '../../config/index.ts';
import type { Database } from '../integrations/database/port.ts';
import { openPool } from '../integrations/database/postgres/connection.ts';
import { openDatabase } from '../integrations/database/postgres/index.ts';
import { migrate } from '../integrations/database/postgres/migrate.ts';
import { impatient, type StartPatience } from '../lifecycle/start-patience.ts';
import type { Logger } from '../observability/logger.ts';
import { packageRoot } from '../package.ts';
import { connectionsNeeded } from './connections.ts';

/** The application's tables, and the PostgreSQL that may hold the queues beside them. */
export interface Tables {
  readonly database: Database;
  /** Absent with Supabase and Redis: then nothing here speaks to a PostgreSQL. */
  readonly databaseUrl: string | undefined;
  /** For people: where the tables are. */
  readonly place: string;
}

/** What the embedded server allows where no more are needed. */
const usualConnections = 200;
/** For tools, and a second start beside this one. */
const spareConnections = 20;

const migrations = join(packageRoot, 'migrations');

/** How long PostgREST is given to see migrations that were applied beside it. */
const reloadMs = 15_000;

/**
 * Opens the tables in Supabase when it is set, else in PostgreSQL, with their migrations applied. Supabase's API cannot
 * change a schema, so its migrations go over DATABASE_URL; without one the start only checks that they are there.
 * What was opened is closed by `closers`. A worker process under a supervisor gets the embedded server's address from
 * it, and leaves migrations to it.
 */
export async function openTables(
  config: Config,
  log: Logger,
  closers: (() => Promise<unknown>)[],
  parent?: { readonly embeddedUrl: string | undefined },
  patience: StartPatience = impatient,
): Promise<Tables> {
  const { url, poolMax, supabase } = config.database;
  if (supabase === undefined) {
    const databaseUrl = url ?? parent?.embeddedUrl ?? (await startEmbedded(config, log, closers));
    if (parent === undefined) await patience.reach(() => applyMigrations(databaseUrl, log));
    const database = openDatabase({ url: databaseUrl, poolMax });
    closers.push(() => database.close());
    return { database, databaseUrl, place: url === undefined ? 'embedded PostgreSQL' : 'PostgreSQL' };
  }
  const [{ openSupabase }, { checkSchema }] = await Promise.all([
    import('../integrations/database/supabase/index.ts'),
    import('../integrations/database/supabase/schema.ts'),
  ]);
  if (parent === undefined) {
    const applied = url === undefined ? [] : await patience.reach(() => applyMigrations(url, log));
    await patience.reach(() => checkSchema(supabase, migrations, applied.length > 0 ? reloadMs : 0));
  }
  const database = openSupabase(supabase);
  closers.push(() => database.close());
  const embedded = async () => parent?.embeddedUrl ?? (await startEmbedded(config, log, closers));
  const databaseUrl = url ?? (config.backend.kind === 'embedded' ? await embedded() : undefined);
  return { database, databaseUrl, place: `Supabase (${supabase.url})` };
}

async function startEmbedded(
  config: Config,
  log: Logger,
  closers: (() => Promise<unknown>)[],
): Promise<string> {
  const { startEmbeddedServer } = await import('../backend/embedded-server.ts');
  const server = await startEmbeddedServer({
    dataDir: config.dataDir,
    maxConnections: Math.max(usualConnections, connectionsNeeded(config) + spareConnections),
    onLog: (message) => log.debug(message),
    onDeath: (message) => log.warn(message),
  });
  closers.push(() => server.stop());
  return server.url;
}

async function applyMigrations(databaseUrl: string, log: Logger): Promise<string[]> {
  const pool = openPool(databaseUrl, 1, 'millrace-migrations');
  try {
    const applied = await migrate(pool, migrations);
    if (applied.length > 0) log.info({ applied }, 'database migrated');
    return applied;
  } finally {
    await pool.end();
  }
}
