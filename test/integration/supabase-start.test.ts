import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTokens } from '../../src/access/tokens.ts';
import { createClient } from '../../src/client/index.ts';
import { checkSchema } from '../../src/integrations/database/supabase/schema.ts';
import { type MillraceProcess, startMillrace } from '../support/millrace-process.ts';
import { type Supabase, startSupabase } from '../support/postgrest.ts';
import { createWorld, type World } from '../support/world.ts';

const migrations = join(import.meta.dirname, '../../migrations');
const jwtSecret = 'a secret for the tests of supabase, long enough';

describe('a start on Supabase', () => {
  let world: World;
  let supabase: Supabase;
  let process: MillraceProcess | undefined;
  const options = () => ({ url: supabase.url, serviceRoleKey: supabase.serviceRoleKey });
  const environment = () => ({
    DATA_DIR: world.dataDir,
    SUPABASE_URL: supabase.url,
    SUPABASE_SERVICE_ROLE_KEY: supabase.serviceRoleKey,
    JWT_SECRET: jwtSecret,
  });

  beforeAll(async () => {
    world = await createWorld();
    supabase = await startSupabase(world.databaseUrl);
  });
  afterAll(async () => {
    await process?.kill('SIGTERM');
    await supabase.close();
    await world.close();
  });

  it('takes a project with all migrations', async () => {
    await checkSchema(options(), migrations);
  });

  it('refuses a project that cuts answers short, and says what to set', async () => {
    for (const [maxRows, taken] of [
      [50, false],
      [100, true],
    ] as const) {
      const cutting = await startSupabase(world.databaseUrl, maxRows);
      try {
        const checked = checkSchema({ url: cutting.url, serviceRoleKey: cutting.serviceRoleKey }, migrations);
        if (taken) await checked;
        else
          await expect(checked).rejects.toMatchObject({
            code: 'PREFLIGHT_FAILED',
            message: expect.stringMatching(/cuts answers at 50 rows .* Set "Max rows" to 1000/),
          });
      } finally {
        await cutting.close();
      }
    }
  });

  it('names the migrations that a project lacks, and does not start', async () => {
    const { rows } = await world.pool.query(
      `delete from millrace_migrations where version = (select max(version) from millrace_migrations) returning *`,
    );
    const [last] = rows;
    const lacking = expect.objectContaining({
      code: 'DATABASE_OUTDATED',
      message: expect.stringContaining(last.name),
    });
    await expect(checkSchema(options(), migrations)).rejects.toEqual(lacking);
    await expect(startMillrace({ ...environment(), REDIS_URL: 'redis://127.0.0.1:9' })).rejects.toThrow(
      /DATABASE_OUTDATED: .*npm run migrate/,
    );
    const restored = [last.version, last.name, last.additive];
    await world.pool.query(
      'insert into millrace_migrations (version, name, additive) values ($1, $2, $3)',
      restored,
    );
  });

  it('refuses a project that a newer version has changed', async () => {
    await world.pool.query(
      `insert into millrace_migrations (version, name, additive) values (9999, '9999_x.sql', false)`,
    );
    await expect(checkSchema(options(), migrations)).rejects.toMatchObject({ code: 'DATABASE_NEWER' });
    await world.pool.query('delete from millrace_migrations where version = 9999');
  });

  it('does not start with a key that is refused', async () => {
    const refused = {
      ...environment(),
      SUPABASE_SERVICE_ROLE_KEY: supabase.anonKey,
      REDIS_URL: 'redis://127.0.0.1:9',
    };
    await expect(startMillrace(refused)).rejects.toThrow(/DATABASE_REFUSED: .*SUPABASE_SERVICE_ROLE_KEY/);
  });

  it('keeps its queues in an embedded server when no other store is given', async () => {
    const alone = await startMillrace({ ...environment(), ROLE: 'api' });
    try {
      expect(alone.output()).toMatch(/Queues +embedded/);
      expect(alone.output()).toContain(`Tables     Supabase (${supabase.url})`);
    } finally {
      await alone.kill('SIGTERM');
    }
  }, 60_000);

  it('works its jobs with the tables behind the API', async () => {
    const before = supabase.requests.length;
    process = await startMillrace({ ...environment(), DATABASE_URL: world.databaseUrl });
    expect(process.output()).toContain(`Tables     Supabase (${supabase.url})`);
    const url = /http:\/\/[^/]+(?=\/api)/.exec(process.output())?.[0] ?? '';
    const token = await createTokens(jwtSecret).issue(
      { role: 'operator', subject: 'test' },
      new Date(Date.now() + 3_600_000),
    );
    const client = createClient({ url, token });
    const welcome = { userId: 'u', email: 'ada@example.org', name: 'Ada' };
    const jobs = [
      ['sync', 'sam-gov-sync', { type: 'sam-gov-opportunities', data: { fullSync: true } }],
      ['email', 'send-welcome', { type: 'welcome', data: welcome }],
    ] as const;
    for (const [queue, name, payload] of jobs) {
      const added = await client.addUntyped(queue, name, payload);
      const ended = await vi.waitFor(
        async () => {
          const job = await client.getJob(added);
          expect(['completed', 'failed']).toContain(job.state);
          return job;
        },
        { timeout: 90_000, interval: 100 },
      );
      expect(ended).toMatchObject({ state: 'completed' });
    }
    const { rows } = await world.pool.query(
      `select (select count(*)::int from opportunities) > 0 as synced,
              (select count(*)::int from email_deliveries where status = 'sent') as sent`,
    );
    expect(rows).toEqual([{ synced: true, sent: 1 }]);
    const asked = new Set(supabase.requests.slice(before));
    expect(asked).toContain('POST /rpc/save_opportunity_page');
    expect(asked).toContain('POST /rpc/claim_mails');
  }, 120_000);
});
