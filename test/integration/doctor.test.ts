import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { openBackend } from '../../src/backend/index.ts';
import { createWorld, type World } from '../support/world.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** The doctor's words and exit code, with nothing of this process's own environment. */
async function doctor(
  environment: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ text: string; code: number }> {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    DATA_DIR: world.dataDir,
    DATABASE_URL: world.databaseUrl,
    ...environment,
  };
  return run(process.execPath, [join(root, 'src/cli/millrace.ts'), 'doctor', ...args], {
    cwd: root,
    env,
  }).then(
    ({ stdout }) => ({ text: stdout, code: 0 }),
    (error: unknown) => ({
      text: error instanceof Error && 'stdout' in error ? String(error.stdout) : '',
      code: error instanceof Error && 'code' in error ? Number(error.code) : -1,
    }),
  );
}

it('finds nothing where everything is well', async () => {
  const { text, code } = await doctor({});
  expect(text).toContain('Everything is well');
  expect(code).toBe(0);
});

it('names the migrations that wait, a provider that is away, and applies nothing', async () => {
  const newest = await world.pool.query(
    'delete from millrace_migrations where version = (select max(version) from millrace_migrations) returning *',
  );
  const { text, code } = await doctor({
    SENDGRID_API_KEY: 'SG.a-secret-key',
    SENDGRID_BASE_URL: 'http://127.0.0.1:9',
    OIDC_ISSUER: 'http://127.0.0.1:9/tenant',
    OIDC_CLIENT_ID: 'millrace',
    OIDC_CLIENT_SECRET: 'another-secret-key',
    OIDC_ROLES: 'staff=operator',
  });
  expect(text).toContain('! database: 1 migrations wait');
  expect(text).toContain('! SendGrid: 127.0.0.1 takes no connection');
  expect(text).toMatch(/! OIDC_ISSUER: \S+openid-configuration does not answer .*Check OIDC_ISSUER/);
  expect(text).not.toContain('a-secret-key');
  expect(code).toBe(0);
  const [row] = newest.rows;
  const again = await world.pool.query('select 1 from millrace_migrations where version = $1', [row.version]);
  expect(again.rows).toEqual([]);
  await world.pool.query('insert into millrace_migrations (version, name, additive) values ($1, $2, $3)', [
    row.version,
    row.name,
    row.additive,
  ]);
});

it('says every fault of the configuration, and that a start would be refused', async () => {
  const { text, code } = await doctor({ PORT: 'x', ROLE: 'cook' });
  expect(text).toMatch(/PORT: must be a whole number/);
  expect(text).toMatch(/ROLE/);
  expect(code).toBe(1);
  const asJson = await doctor({ PORT: 'x' }, '--json');
  expect(JSON.parse(asJson.text)).toMatchObject({
    findings: [{ level: 'fault', about: 'start', message: expect.stringContaining('PORT') }],
  });
  expect(asJson.code).toBe(1);
});

it.skipIf(inject('redisUrl') === undefined)('looks at a real Redis without a fault', async () => {
  const backend = await openBackend({
    kind: 'redis',
    redisUrl: inject('redisUrl'),
    databaseUrl: undefined,
    workers: 0,
  });
  try {
    const findings = await backend.inspect(0);
    expect(findings.filter(({ level }) => level === 'fault')).toEqual([]);
  } finally {
    await backend.close();
  }
});
