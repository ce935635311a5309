/**
 * The passwords of the cluster, made once. The application's role is no superuser, who may read files and run
 * programs: what gets in through the application must not, and what it needs must work on other servers too.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errorCode, failed } from './failures.ts';
import { type Layout, writeWhole } from './layout.ts';

/** One for the superuser `postgres`, one for the application's role. */
export interface Passwords {
  readonly admin: string;
  readonly application: string;
}

const ONLY_OWNER = 0o600;

/** Reads the passwords; makes them when there is no cluster yet that needs the old ones. */
export async function openPasswords(layout: Layout, clusterExists: boolean): Promise<Passwords> {
  const text = await readFile(layout.passwords, 'utf8').catch(missing);
  const [admin, application] = (text ?? '').split('\n');
  if (admin && application) return { admin, application };
  if (clusterExists) {
    throw failed(
      `The file ${layout.passwords} with the passwords of the embedded PostgreSQL is gone. Bring it back, or ` +
        `delete ${layout.cluster} to begin with an empty database.`,
    );
  }
  const fresh = { admin: makePassword(), application: makePassword() };
  await writeWhole(layout.passwords, `${fresh.admin}\n${fresh.application}\n`, ONLY_OWNER);
  return fresh;
}

/** Of letters that mean nothing special in a URL or in SQL. */
function makePassword(): string {
  return randomBytes(24).toString('base64url');
}

function missing(error: unknown): undefined {
  if (errorCode(error) === 'ENOENT') return undefined;
  throw error;
}
