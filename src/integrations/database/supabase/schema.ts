import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../../../errors/catalogue.ts';
import { readMigrations, refuseNewer } from '../postgres/migrate.ts';
import { number, text, truth } from '../postgres/rows.ts';
import { type Api, leastRowsAtOnce, openApi, rowOf, type SupabaseOptions } from './api.ts';

const retryMs = 250;

/**
 * Makes sure that the project's database has every migration of `dir`, and that its API gives answers whole. Migrations
 * that have just been applied elsewhere may take PostgREST a moment to see: `patienceMs` says how long it is given.
 * @throws MillraceError DATABASE_OUTDATED with what to run; DATABASE_NEWER; DATABASE_REFUSED; DATABASE_UNAVAILABLE;
 * PREFLIGHT_FAILED when answers are cut too short.
 */
export async function checkSchema(options: SupabaseOptions, dir: string, patienceMs = 0): Promise<void> {
  const api = openApi(options);
  const until = performance.now() + patienceMs;
  while (true) {
    try {
      return await check(api, dir);
    } catch (error) {
      const passing = error instanceof MillraceError && error.code === 'DATABASE_OUTDATED';
      if (!passing || performance.now() >= until) throw error;
      await delay(retryMs);
    }
  }
}

async function check(api: Api, dir: string): Promise<void> {
  const known = await readMigrations(dir);
  const answer = await api.call('applied_migrations');
  const rows = Array.isArray(answer) ? answer.map(rowOf) : [];
  const applied = new Map(
    rows.map((row) => [
      number(row, 'version'),
      { name: text(row, 'name'), additive: truth(row, 'additive') },
    ]),
  );
  refuseNewer(known, applied);
  const missing = known.filter(({ version }) => !applied.has(version)).map(({ name }) => name);
  if (missing.length === 0) return refuseCutAnswers(api);
  throw new MillraceError(
    'DATABASE_OUTDATED',
    `The Supabase project lacks ${missing.join(', ')}. Run \`npm run migrate\` with DATABASE_URL set to the project's own database (Project Settings, Database, session mode).`,
  );
}

/** Of rows that were claimed and cut off nobody would hear, and nothing else tells that some are missing. */
async function refuseCutAnswers(api: Api): Promise<void> {
  const { length } = await api.callRows('answer_rows', { p_most: leastRowsAtOnce });
  if (length >= leastRowsAtOnce) return;
  throw new MillraceError(
    'PREFLIGHT_FAILED',
    `The Supabase project cuts answers at ${length} rows and does not say so; Millrace needs ${leastRowsAtOnce} at once, or jobs fail without a reason that shows. Set "Max rows" to 1000 in the project's API settings (PostgREST: db-max-rows).`,
  );
}
