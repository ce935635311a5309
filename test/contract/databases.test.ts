import { openSupabase } from '../../src/integrations/database/supabase/index.ts';
import { startSupabase } from '../support/postgrest.ts';
import { createWorld } from '../support/world.ts';
import { databaseContract } from './database.ts';

databaseContract('PostgreSQL', () => createWorld());

databaseContract('Supabase', async () => {
  const world = await createWorld();
  const supabase = await startSupabase(world.databaseUrl);
  const database = openSupabase({ url: supabase.url, serviceRoleKey: supabase.serviceRoleKey });
  return {
    database,
    pool: world.pool,
    async close() {
      await database.close();
      await supabase.close();
      await world.close();
    },
  };
});
