/** As whom the server runs. PostgreSQL refuses to run as root, so root needs somebody else for it. */
import { stat } from 'node:fs/promises';
import { type Outcome, run } from './commands.ts';
import { errorCode, unreachable, WAYS_OUT } from './failures.ts';

/** A user and group of the system. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Made where there is no `postgres`: a name of our own, as a later install of PostgreSQL wants to make that one. */
const OWN_NAME = 'millrace-postgres';

/** The account to run the server as; undefined where that is simply ourselves. */
export async function serverAccount(cluster: string): Promise<Account | undefined> {
  const owner = await ownerOf(cluster);
  const self = process.geteuid?.();
  if (self !== 0) {
    if (owner !== undefined && self !== undefined && owner.uid !== self)
      throw belongsToAnother(cluster, owner);
    return undefined;
  }
  // PostgreSQL only takes a cluster of its own user, so the one who made it is the one to run it.
  if (owner === undefined) return (await findAccount('postgres')) ?? (await findOrCreate());
  if (owner.uid === 0) throw belongsToRoot(cluster);
  return owner;
}

async function ownerOf(path: string): Promise<Account | undefined> {
  try {
    const { uid, gid } = await stat(path);
    return { uid, gid };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function findAccount(name: string): Promise<Account | undefined> {
  const [user, group] = await Promise.all([
    run({ file: 'id', args: ['-u', name] }),
    run({ file: 'id', args: ['-g', name] }),
  ]);
  if (!user.ok || !group.ok) return undefined;
  return { uid: Number(user.output), gid: Number(group.output) };
}

async function findOrCreate(): Promise<Account> {
  const existing = await findAccount(OWN_NAME);
  if (existing !== undefined) return existing;
  const outcomes = await createAccount();
  const created = await findAccount(OWN_NAME);
  if (created !== undefined) return created;
  throw unreachable(
    'PostgreSQL refuses to run as root, there is no user `postgres`, and none could be made ' +
      `(${outcomes.map((outcome) => outcome.output).join('; ')}). ${WAYS_OUT}`,
  );
}

/** One after the other, as the user wants its group; a failure shows in that the user isn't there then. */
async function createAccount(): Promise<Outcome[]> {
  const group = await run({ file: 'groupadd', args: ['--system', OWN_NAME] });
  const settings = ['--system', '--gid', OWN_NAME, '--no-create-home', '--home-dir', '/nonexistent'];
  const user = await run({ file: 'useradd', args: [...settings, '--shell', '/usr/sbin/nologin', OWN_NAME] });
  return [group, user];
}

function belongsToAnother(cluster: string, owner: Account): Error {
  return unreachable(
    `The embedded PostgreSQL in ${cluster} belongs to the user with id ${owner.uid}, and this process runs as ` +
      `${process.geteuid?.()}: perhaps it was first started as root. Start as before, delete the folder if its ` +
      'data is of no value, or set DATABASE_URL to a PostgreSQL of your own.',
  );
}

function belongsToRoot(cluster: string): Error {
  return unreachable(
    `The embedded PostgreSQL in ${cluster} belongs to root, as whom PostgreSQL refuses to run (was the folder ` +
      `copied?). Give it to a user of the system, for example \`chown -R postgres ${cluster}\`, or set ` +
      'DATABASE_URL to a PostgreSQL of your own.',
  );
}
