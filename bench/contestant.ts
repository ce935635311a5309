import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Settled } from './peers/peer.ts';
import type { Task, Timing } from './tasks.ts';

export interface ContestantOptions {
  readonly peer: 'raw' | 'millrace';
  readonly store: 'redis' | 'postgres';
  readonly url: string;
  /** The database of Millrace's job index; absent: it has none. */
  readonly index?: string;
  /** Where the process's stdout goes: a file, as a log would in production. */
  readonly logFile: string;
  /** Writes a V8 profile of the process into this folder. */
  readonly profileDir: string | undefined;
}

/** What a task took, and after it what the peer had put off meanwhile. */
export interface Performance extends Timing {
  readonly settled: Settled;
}

/** A peer's process as the bench sees it. */
export interface Contestant {
  /** `workMs`: for how long each job that is processed keeps the processor; not at all when absent. */
  perform(task: Task, jobs: number, workMs?: number): Promise<Performance>;
  /** Checks what the peer has watched, closes it, and resolves with the number of jobs it ran when it has ended. */
  close(): Promise<number>;
  kill(): void;
}

const timing = z.object({
  jobs: z.number(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  settled: z.object({ dropped: z.number(), seconds: z.number(), cpuSeconds: z.number() }),
});
const reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown().optional() }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

/** Resolves when the peer is connected to its store. */
export async function openContestant(options: ContestantOptions): Promise<Contestant> {
  const { peer, store, url, index, logFile, profileDir } = options;
  const log = openSync(logFile, 'a');
  const child = fork(
    join(import.meta.dirname, 'peer-process.ts'),
    [JSON.stringify({ peer, store, url, index })],
    {
      stdio: ['ignore', log, 'inherit', 'ipc'],
      execArgv: profileDir === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileDir],
      env: { ...process.env, NODE_ENV: 'production' },
    },
  );
  closeSync(log);
  await next(child, peer).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const ask = (question: object): Promise<unknown> => {
    const answered = next(child, peer);
    child.send(question);
    return answered;
  };
  return {
    async perform(task, jobs, workMs = 0) {
      return timing.parse(await ask({ kind: 'task', task, jobs, workMs }));
    },
    async close() {
      const { jobsRun } = z.object({ jobsRun: z.number() }).parse(await ask({ kind: 'close' }));
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
      return jobsRun;
    },
    kill: () => child.kill('SIGKILL'),
  };
}

/** The child's next message; rejects with its error, or when it ends instead. */
async function next(child: ChildProcess, peer: string): Promise<unknown> {
  const controller = new AbortController();
  const { signal } = controller;
  try {
    const message = await Promise.race([
      once(child, 'message', { signal }).then(([first]: unknown[]) => first),
      once(child, 'exit', { signal }).then(([code]: unknown[]) => {
        throw new Error(`The process of ${peer} ended with ${code} before it answered.`);
      }),
    ]);
    const answer = reply.parse(message);
    if (answer.ok) return answer.value;
    throw new Error(`${peer}: ${answer.error}`);
  } finally {
    controller.abort();
  }
}
