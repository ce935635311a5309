import { join } from 'node:path';
import { type Config, loadConfig, plannedSettings, secretsOf } from '../../config/index.ts';
import { queueNames } from '../../queues/index.ts';
import { examineProvider } from '../access/oidc-discovery.ts';
import { startEmbeddedServer } from '../backend/embedded-server.ts';
import { openBackend } from '../backend/index.ts';
import type { Finding } from '../backend/port.ts';
import { openStorage } from '../composition/drivers.ts';
import { lookAround, providersOf } from '../composition/preflight.ts';
import { messageOf } from '../errors/classify.ts';
import { openPool } from '../integrations/database/postgres/connection.ts';
import { dueMigrations } from '../integrations/database/postgres/migrate.ts';
import { checkSchema } from '../integrations/database/supabase/schema.ts';
import { createRedactor } from '../observability/redaction.ts';
import { packageRoot, version } from '../package.ts';
import { machine, reachProviders } from '../preflight.ts';
import { print } from './terminal.ts';

/**
 * `millrace doctor`: everything that a start looks at, and what it does not ask: storage, providers, migrations. Changes
 * nothing but what the queues' own library needs in its store; exits with 1 when a start would be refused.
 */
export async function doctor({ json }: { readonly json?: true }): Promise<void> {
  const redact = createRedactor(secretsOf());
  const found = await examine().catch((error: unknown): Finding[] => [
    { level: 'fault', about: 'start', message: messageOf(error) },
  ]);
  const findings = found.map((finding) => ({ ...finding, message: redact(finding.message) }));
  const faults = findings.filter(({ level }) => level === 'fault').length;
  if (json === true) print(JSON.stringify({ version, machine: machine(), findings }));
  else print(`Millrace ${version} on ${machine()}\n${describe(findings, faults)}`);
  process.exitCode = faults > 0 ? 1 : 0;
}

function describe(findings: readonly Finding[], faults: number): string {
  if (findings.length === 0) return '✓ Everything is well.';
  const lines = findings.map(
    ({ level, about, message }) => `${level === 'fault' ? '✗' : '!'} ${about}: ${message}`,
  );
  const warnings = findings.length - faults;
  return `${lines.join('\n')}\n${faults} ${faults === 1 ? 'fault' : 'faults'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
}

async function examine(): Promise<Finding[]> {
  const config = loadConfig();
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const { url, supabase } = config.database;
    const embedded = url === undefined && (supabase === undefined || config.backend.kind === 'embedded');
    let databaseUrl = url;
    if (embedded) {
      const server = await startEmbeddedServer({ dataDir: config.dataDir });
      closers.push(() => server.stop());
      databaseUrl = server.url;
    }
    const backend = await openBackend({
      kind: config.backend.kind,
      redisUrl: config.backend.redisUrl,
      databaseUrl,
      workers: config.roles.includes('worker') ? queueNames.length : 0,
    });
    closers.push(() => backend.close());
    const found = await Promise.all([
      lookAround(config, backend),
      supabase === undefined
        ? lookAtMigrations(databaseUrl ?? '')
        : fault('database', () => checkSchema(supabase, migrations)),
      fault('storage', async () => (await openStorage(config)).storage.check()),
      reachProviders(providersOf(config)),
      lookAtSignIn(config),
    ]);
    const planned = plannedSettings().map((name) => ({
      level: 'warning' as const,
      about: name,
      message: 'is set, but not used by this version yet.',
    }));
    return [...found.flat(), ...planned];
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const migrations = join(packageRoot, 'migrations');

async function lookAtMigrations(databaseUrl: string): Promise<Finding[]> {
  const pool = openPool(databaseUrl, 1, 'millrace-doctor');
  try {
    const due = await dueMigrations(pool, migrations);
    if (due.length === 0) return [];
    return [
      {
        level: 'warning',
        about: 'database',
        message: `${due.length} migrations wait, ${due[0]} first. A start applies them, and so does: npm run migrate`,
      },
    ];
  } catch (error) {
    return [{ level: 'fault', about: 'database', message: messageOf(error) }];
  } finally {
    await pool.end();
  }
}

/** A provider that is away keeps nobody from starting: there are other ways in. */
async function lookAtSignIn({ auth: { oidc } }: Config): Promise<Finding[]> {
  const message = oidc === undefined ? undefined : await examineProvider({ ...oidc, timeoutSeconds: 5 });
  return message === undefined ? [] : [{ level: 'warning', about: 'OIDC_ISSUER', message }];
}

async function fault(about: string, look: () => Promise<unknown>): Promise<Finding[]> {
  try {
    await look();
    return [];
  } catch (error) {
    return [{ level: 'fault', about, message: messageOf(error) }];
  }
}
