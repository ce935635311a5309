import { join } from 'node:path';
import { loadConfig } from '../../config/index.ts';
import { startEmbeddedServer } from '../backend/embedded-server.ts';
import { messageOf } from '../errors/classify.ts';
import { openPool } from '../integrations/database/postgres/connection.ts';
import { migrate } from '../integrations/database/postgres/migrate.ts';
import { packageRoot } from '../package.ts';

/** `npm run migrate`: brings the database to this version and says what was done. A start does the same by itself. */
async function main(): Promise<void> {
  const config = loadConfig();
  if (config.database.supabase !== undefined && config.database.url === undefined) {
    throw new Error(
      "Supabase's API cannot change a schema. Set DATABASE_URL to the project's own database (session mode) and run this again.",
    );
  }
  const embedded =
    config.database.url === undefined ? await startEmbeddedServer({ dataDir: config.dataDir }) : undefined;
  const pool = openPool(config.database.url ?? embedded?.url ?? '', 1, 'millrace-migrations');
  try {
    const applied = await migrate(pool, join(packageRoot, 'migrations'));
    console.log(applied.length === 0 ? 'The database is up to date.' : `Applied: ${applied.join(', ')}`);
  } finally {
    await pool.end();
    await embedded?.stop();
  }
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
