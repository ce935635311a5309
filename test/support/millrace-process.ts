import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A Millrace of its own process, started as `npm start` starts it. */
export interface MillraceProcess {
  readonly child: ChildProcess;
  /** Everything that it has printed so far. */
  output(): string;
  /** Where its API answers; of one that runs the `api` role. */
  readonly url: string;
  kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Resolves when the process says that it is up; rejects with its output when it ends before.
 * @param onOutput hears all that it has printed so far, each time that it prints.
 */
export async function startMillrace(
  environment: Readonly<Record<string, string>>,
  onOutput: (output: string, child: ChildProcess) => void = () => undefined,
): Promise<MillraceProcess> {
  const child = spawn(process.execPath, [join(root, 'src/main.ts')], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      LOG_LEVEL: 'info',
      PORT: '0',
      HOST: '127.0.0.1',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const ended = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        printed += chunk;
        onOutput(printed, child);
        if (printed.includes('is up (')) resolve();
      });
    }
    child.once('close', (code) =>
      reject(new Error(`Millrace ended before it was up, with code ${code}:\n${printed}`)),
    );
  });
  return {
    child,
    output: () => printed,
    get url() {
      return /API +(http:\S+)\/api/.exec(printed)?.[1] ?? '';
    },
    async kill(signal) {
      child.kill(signal);
      await ended;
      return { code: child.exitCode, signal: child.signalCode };
    },
  };
}
