/**
 * How the programs of PostgreSQL are run so that they reach their files. A normal user just runs them. Root runs
 * them as another user, who perhaps may not enter the folders above (a clone in /root): then he is lent the one
 * capability that lets him pass, and no more. Which way works is found by trying it, the weakest first.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { type Command, type Outcome, run } from './commands.ts';
import { failed, unreachable, WAYS_OUT } from './failures.ts';
import type { Layout } from './layout.ts';

/** A way to run programs that has been seen to work. */
export interface Runner {
  /** For people: as whom, and with what. */
  readonly description: string;
  /** The major version of the programs. */
  readonly major: number;
  command(file: string, args: readonly string[]): Command;
}

interface Way {
  readonly description: string;
  command(file: string, args: readonly string[]): Command;
}

/** Finds the way to run the programs; fails with what to do when there is none. */
export async function findRunner(
  binaries: Binaries,
  layout: Layout,
  account: Account | undefined,
): Promise<Runner> {
  const outcomes: Outcome[] = [];
  for (const way of waysFor(account)) {
    const outcome = await run(trial(way, binaries, layout));
    const major = /\(PostgreSQL\) (\d+)/.exec(outcome.output)?.[1];
    if (outcome.ok && major !== undefined) return { ...way, major: Number(major) };
    outcomes.push(outcome);
  }
  throw account === undefined
    ? cannotRun(binaries, outcomes)
    : cannotReach(account, binaries, layout, outcomes);
}

function waysFor(account: Account | undefined): Way[] {
  if (account === undefined) {
    return [{ description: 'as this user', command: (file, args) => ({ file, args }) }];
  }
  const name = `as user ${account.uid}`;
  return [
    { description: name, command: (file, args) => ({ file, args, ids: account }) },
    // Reading and passing is all that is needed; Docker's default set of capabilities only has the wider one.
    borrowing('dac_read_search', account),
    borrowing('dac_override', account),
  ];
}

function borrowing(capability: string, account: Account): Way {
  const only = `-all,+${capability}`;
  const settings = [
    `--reuid=${account.uid}`,
    `--regid=${account.gid}`,
    '--clear-groups',
    `--bounding-set=${only}`,
    `--inh-caps=${only}`,
    `--ambient-caps=+${capability}`,
    // PostgreSQL asks access(2) about its own programs, and that ignores capabilities of non-root users without it.
    '--securebits=+no_setuid_fixup',
  ];
  return {
    description: `as user ${account.uid} with the capability ${capability}, to reach its files`,
    command: (file, args) => ({ file: 'setpriv', args: [...settings, '--', file, ...args] }),
  };
}

/** Does what the server will have to: enters the data, reads the shared files, loads the libraries, runs. */
function trial(way: Way, binaries: Binaries, layout: Layout): Command {
  if (process.platform === 'win32') return way.command(binaries.postgres, ['--version']);
  const data = existsSync(layout.cluster) ? layout.cluster : layout.dataDir;
  const shared = join(dirname(dirname(binaries.postgres)), 'share', 'postgresql', 'postgres.bki');
  const script = 'cd "$1" && : < "$2" && exec "$3" --version';
  return way.command('/bin/sh', ['-c', script, 'sh', data, shared, binaries.postgres]);
}

function cannotRun(binaries: Binaries, outcomes: readonly Outcome[]): Error {
  return failed(
    `The embedded PostgreSQL cannot run on this machine: ${said(outcomes)}. Its programs are in ` +
      `${dirname(binaries.postgres)} and need glibc on Linux (not Alpine). Reinstall with \`npm ci\`, or set ` +
      'DATABASE_URL to a PostgreSQL of your own.',
  );
}

function cannotReach(
  account: Account,
  binaries: Binaries,
  layout: Layout,
  outcomes: readonly Outcome[],
): Error {
  return unreachable(
    `PostgreSQL refuses to run as root, and the user with id ${account.uid} cannot run it in ${layout.dataDir} ` +
      `with the programs in ${dirname(binaries.postgres)}, not even with the help of setpriv (util-linux): ` +
      `${said(outcomes)}. ${WAYS_OUT}`,
  );
}

function said(outcomes: readonly Outcome[]): string {
  return [...new Set(outcomes.map((outcome) => outcome.output))].join('; ');
}
