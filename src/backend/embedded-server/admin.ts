/** What the superuser does in the server: makes sure that it is ours, and makes the application's database. */
import pg from 'pg';
import { errorCode, failed } from './failures.ts';
import type { Layout } from './layout.ts';
import type { Passwords } from './passwords.ts';
import { HOST } from './port.ts';
import { fingerprint, readPidFile } from './postmaster.ts';

/** Name of the application's role and of its database. */
export const APPLICATION = 'millrace';

const ADMIN = 'postgres';
const CONNECT_LIMIT_MS = 5_000;
const WRONG_PASSWORD = '28P01';

/**
 * Makes the server at that port ready for the application. Says what is in the way when it isn't there (any more),
 * not yet, or not on this folder: that may pass. Fails when it refuses our password, which won't.
 */
export async function prepareDatabase(
  layout: Layout,
  port: number,
  passwords: Passwords,
): Promise<string | undefined> {
  const client = new pg.Client({
    host: HOST,
    port,
    user: ADMIN,
    password: passwords.admin,
    database: ADMIN,
    ssl: false,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
  });
  // A connection that breaks tells so twice: to the query, which we hear, and here, where nobody else listens.
  client.on('error', () => undefined);
  try {
    await client.connect();
    if (!(await servesOurFolder(client, layout))) return `the server at port ${port} is another one`;
    await ensureRole(client, passwords.application);
    await ensureDatabase(client);
    return undefined;
  } catch (error) {
    if (errorCode(error) === WRONG_PASSWORD) throw passwordRefused(layout, error);
    if (isPassing(error)) return error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    // A connection that is broken already has nothing to say goodbye to.
    await client.end().catch(() => undefined);
  }
}

/** The server reads the pid file of its own folder: equal to that of ours, it is the same folder. */
async function servesOurFolder(client: pg.Client, layout: Layout): Promise<boolean> {
  const ours = await readPidFile(layout);
  const { rows } = await client.query<{ text: string }>("SELECT pg_read_file('postmaster.pid') AS text");
  const theirs = rows[0]?.text;
  return ours !== undefined && theirs !== undefined && fingerprint(ours) === fingerprint(theirs);
}

async function ensureRole(client: pg.Client, password: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [APPLICATION]);
  if (rowCount !== 0) return;
  // CREATEDB, for tests that want a database of their own.
  await client.query(`CREATE ROLE ${APPLICATION} LOGIN CREATEDB PASSWORD ${client.escapeLiteral(password)}`);
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [APPLICATION]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${APPLICATION} OWNER ${APPLICATION}`);
}

function passwordRefused(layout: Layout, cause: unknown): Error {
  return failed(
    `The embedded PostgreSQL in ${layout.cluster} refuses the password in ${layout.passwords}: one of both was ` +
      'replaced. Bring back the one that fits, or delete both to begin with an empty database.',
    cause,
  );
}

/** Not there, starting, stopping, full, or gone in the middle: SQLSTATE classes 57P and 08, and the network. */
function isPassing(error: unknown): boolean {
  const code = errorCode(error);
  if (code === undefined) return true;
  return code.startsWith('57P') || code.startsWith('08') || code.startsWith('ECONN') || code === '53300';
}
