import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { packageRoot } from '../src/package.ts';

const cost = z.object({ peakMb: z.number(), loopP99Ms: z.number(), loopMaxMs: z.number() });
type Cost = z.infer<typeof cost>;

export interface Watched extends Cost {
  readonly idleMb: number;
  readonly healthP99Ms: number;
  readonly healthMaxMs: number;
}

/** A Millrace of its own process, with the roles api and worker, as `npm start` or the image starts it. */
export interface WorkerProcess {
  readonly url: string;
  readonly pid: number;
  /** Runs `work`, asking for `/health` all the while, and tells what it has cost the process. */
  watch(work: () => Promise<unknown>): Promise<Watched>;
  stop(): Promise<void>;
}

export interface WorkerProcessOptions {
  readonly databaseUrl: string;
  readonly dataDir: string;
  /** The sources instead of what `npm run build` makes of them. */
  readonly fromSource: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

export const jwtSecret = 'a-secret-of-the-bench-with-more-than-32-bytes';

/** The pause between two questions for `/health`, in ms. */
const healthEveryMs = 100;

export async function startWorker(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const file = join(packageRoot, options.fromSource ? 'src/main.ts' : 'dist/src/main.js');
  const child = fork(file, [], {
    cwd: packageRoot,
    execArgv: ['--max-semi-space-size=8', '--import', join(import.meta.dirname, 'watched-process.mjs')],
    env: {
      PATH: process.env.PATH ?? '',
      // As in the image.
      MALLOC_ARENA_MAX: '2',
      NODE_ENV: 'test',
      ROLE: 'api,worker',
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      // Short, so that a lock which is not renewed in time shows as a second attempt.
      LOCK_DURATION: '5000',
      EMAIL_PROVIDER: 'outbox',
      JWT_SECRET: jwtSecret,
      DATABASE_URL: options.databaseUrl,
      DATA_DIR: options.dataDir,
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    let printed = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(`The worker ended before it was up:\n${printed}`)));
  });
  const ask = async (question: 'begin' | 'end'): Promise<Cost> => {
    const answered = once(child, 'message');
    child.send(question);
    const [answer]: unknown[] = await answered;
    return cost.parse(answer);
  };
  return {
    url,
    pid: child.pid ?? 0,
    async watch(work) {
      const { peakMb: idleMb } = await ask('begin');
      let done = false;
      const latencies: number[] = [];
      const asking = (async () => {
        while (!done) {
          const began = performance.now();
          const answer = await fetch(`${url}/health`);
          await answer.arrayBuffer();
          if (!answer.ok) throw new Error(`/health answered ${answer.status}.`);
          latencies.push(performance.now() - began);
          await pause(healthEveryMs);
        }
      })();
      await Promise.all([
        work().finally(() => {
          done = true;
        }),
        asking,
      ]);
      latencies.sort((a, b) => a - b);
      return {
        ...(await ask('end')),
        idleMb,
        healthP99Ms: Math.round(latencies[Math.floor(latencies.length * 0.99)] ?? 0),
        healthMaxMs: Math.round(latencies.at(-1) ?? 0),
      };
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
