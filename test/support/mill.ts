import type pg from 'pg';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Database } from '../../src/integrations/database/port.ts';
import { openPool } from '../../src/integrations/database/postgres/connection.ts';
import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import { QueueManager } from '../../src/queue/queue-manager.ts';
import { type FakeOpenAi, startFakeOpenAi } from './fake-openai.ts';
import { type MillraceProcess, startMillrace } from './millrace-process.ts';
import { parseMetrics } from './prometheus-text.ts';
import { type Answer, ask } from './site.ts';
import type { OpenStore, Store } from './stores.ts';
import { createWorld, type World } from './world.ts';

const health = z.object({
  data: z.object({
    components: z.object({
      workers: z.object({
        details: z.object({
          processes: z.array(
            z.object({
              pid: z.number().optional(),
              state: z.string(),
              healthy: z.boolean(),
              restarts: z.number(),
            }),
          ),
        }),
      }),
    }),
  }),
});

/** A Millrace on a store, with jobs that its test holds back and lets go. */
export class Mill {
  readonly world: World;
  readonly store: OpenStore;
  readonly fake: FakeOpenAi;
  readonly queues: QueueManager;
  readonly database: Database;
  readonly pool: pg.Pool;
  process: MillraceProcess | undefined;

  constructor(world: World, store: OpenStore, fake: FakeOpenAi) {
    this.world = world;
    this.store = store;
    this.fake = fake;
    this.database = openDatabase({ url: store.databaseUrl, poolMax: 3 });
    this.pool = openPool(store.databaseUrl, 2);
    const { backend } = store;
    this.queues = new QueueManager({
      backend,
      pending: {},
      maxAttempts: 3,
      backoffMs: 100,
      onError: () => undefined,
    });
  }

  /** `ROLE=api,worker` with a model at hand, and whatever else is set. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<MillraceProcess> {
    const { fake, store, world } = this;
    this.process = await startMillrace({
      ...store.environment,
      ROLE: 'api,worker',
      DATA_DIR: world.dataDir,
      EMAIL_PROVIDER: 'outbox',
      // Longer than a busy machine holds a process up; after `killWorker` nobody waits for it.
      LOCK_DURATION: '10000',
      NODE_ENV: 'test',
      JWT_SECRET: 'a secret of tests that has more than 32 bytes',
      OPENAI_API_KEY: fake.apiKey,
      OPENAI_BASE_URL: fake.baseUrl,
      OPENAI_MODEL: fake.model,
      NODE_OPTIONS: `--import=${new URL('./hungry-process.ts', import.meta.url).href}`,
      ...environment,
    });
    return this.process;
  }

  /** Of a Millrace with several worker processes. */
  async workers() {
    const response = await fetch(`${this.process?.url}/health`);
    const read = health.safeParse(await response.json());
    return read.success ? read.data.data.components.workers.details.processes : [];
  }

  async pids(): Promise<number[]> {
    return (await this.workers()).flatMap(({ pid }) => pid ?? []);
  }

  async metric(name: string, labels: Readonly<Record<string, string>>): Promise<number | undefined> {
    const response = await fetch(`${this.process?.url}/metrics`);
    return parseMetrics(await response.text()).value(name, labels);
  }

  /** A token that the start has printed, or that was made for it. */
  get token(): string {
    return /Token +(\S+)/.exec(this.process?.output() ?? '')?.[1] ?? '';
  }

  /** Asks the API as an operator. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    return ask(`${this.process?.url}${path}`, method, {
      token: this.token,
      ...(body === undefined ? {} : { body }),
    });
  }

  async addMails(from: number, count: number): Promise<void> {
    await this.queues.addJobs(
      'email',
      Array.from({ length: count }, (_, at) => {
        const name = `user-${from + at}`;
        const data = { userId: name, email: `${name}@example.com`, name };
        return { name: 'send-welcome' as const, payload: { type: 'welcome' as const, data } };
      }),
    );
  }

  async addStories(count: number, prefix = 'story'): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
    for (const id of ids) {
      const text = { title: 'A title', content: 'Some text.', sectorTag: undefined, impactTags: [] };
      const jobId = `story-enhancement-${id}`;
      await this.database.stories.create({ id, ...text, hypeScore: 5, ethicsScore: 5, jobId });
      const payload = { type: 'story-enhancement' as const, data: { storyId: id } };
      await this.queues.addJob('story-enhancement', 'enhance-story', payload, { jobId });
    }
    return ids;
  }

  async sentMails(): Promise<number> {
    const { rows } = await this.pool.query<{ sent: number }>(
      `select count(*)::int as sent from email_deliveries where status = 'sent'`,
    );
    return rows[0]?.sent ?? 0;
  }

  completed(queue: string): Promise<number> {
    return this.queues.counts(queue).then((counts) => counts.completed);
  }

  /** Kills a process with workers. Its jobs are found by the next that starts. */
  async killWorker(pid: number | undefined): Promise<void> {
    if (pid === undefined) throw new Error('There is no process to kill.');
    // Stopped first: a process that takes its place at once must find the locks ended.
    process.kill(pid, 'SIGSTOP');
    await this.store.endLocks(pid);
    if (pid === this.process?.child.pid) await this.process.kill('SIGKILL');
    else process.kill(pid, 'SIGKILL');
  }

  async close(): Promise<void> {
    await this.process?.kill('SIGKILL');
    await this.fake.close();
    await this.queues.close();
    await this.database.close();
    await this.pool.end();
    await this.store.close();
    await this.world.close();
  }
}

/** Closed when the test that opens it has ended. */
export async function openMill(openStore: Store): Promise<Mill> {
  const world = await createWorld();
  const [store, fake] = await Promise.all([openStore(world), startFakeOpenAi()]);
  const mill = new Mill(world, store, fake);
  onTestFinished(() => mill.close());
  return mill;
}
