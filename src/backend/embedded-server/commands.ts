/** Running other programs: to their end, with what they said, and with an environment that is ours to choose. */
import { type SpawnOptions, spawn } from 'node:child_process';

/** A program with its arguments and, as root, the user to run it as. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly ids?: { readonly uid: number; readonly gid: number };
}

/** How a program ended. */
export interface Outcome {
  readonly ok: boolean;
  /** Both streams together, or why it could not be run at all. */
  readonly output: string;
}

/**
 * What all our programs are run with. The server outlives us and any user of the database can make it show its
 * environment, so it gets none of our secrets; and PG* variables meant for clients must not steer it.
 */
export function spawnOptions(command: Command): SpawnOptions {
  const base: SpawnOptions = { cwd: '/', ...command.ids };
  if (process.platform === 'win32') return { windowsHide: true };
  return {
    ...base,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  };
}

/** Runs a program to its end. Never rejects: that a program is missing is an outcome too. */
export function run(command: Command): Promise<Outcome> {
  return new Promise((resolve) => {
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    try {
      const child = spawn(command.file, command.args, {
        ...spawnOptions(command),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.on('data', collect);
      child.stderr.on('data', collect);
      child.on('error', (error) => resolve({ ok: false, output: error.message }));
      child.on('close', (code) => resolve({ ok: code === 0, output: output.trim() }));
    } catch (error) {
      // Node throws, instead of telling the child's 'error', when it may not change the user.
      resolve({ ok: false, output: error instanceof Error ? error.message : String(error) });
    }
  });
}
