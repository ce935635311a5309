import { join } from 'node:path';
import { loadConfig } from '../../config/index.ts';
import { startEmbeddedServer } from '../backend/embedded-server.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { openPool } from '../integrations/database/postgres/connection.ts';
import { migrate } from '../integrations/database/postgres/migrate.ts';
import { packageRoot } from '../package.ts';
import { print } from './terminal.ts';

/**
 * `millrace migrate`: brings the database to this version and says what was done. A start does the same by itself.
 * @throws MillraceError CONFIG_INVALID where only Supabase's API is set
 */
export async function migrateDatabase({ json }: { readonly json?: true }): Promise<void> {
  const config = loadConfig();
  if (config.database.supabase !== undefined && config.database.url === undefined) {
    throw new MillraceError(
      'CONFIG_INVALID',
      "Supabase's API cannot change a schema. Set DATABASE_URL to the project's own database (session mode) and run this again.",
    );
  }
  const embedded =
    config.database.url === undefined ? await startEmbeddedServer({ dataDir: config.dataDir }) : undefined;
  const pool = openPool(config.database.url ?? embedded?.url ?? '', 1, 'millrace-migrations');
  try {
    const applied = await migrate(pool, join(packageRoot, 'migrations'));
    if (json === true) return print(JSON.stringify({ applied }));
    print(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`);
  } finally {
    await pool.end();
    await embedded?.stop();
  }
}
