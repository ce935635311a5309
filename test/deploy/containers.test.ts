import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { createTokens } from '../../src/access/tokens.ts';
import { type Container, example, helmIsHere, notes, render, repository } from '../support/chart.ts';
import { startFakeOpenAi, usualAssessment } from '../support/fake-openai.ts';
import { until } from '../support/platform.ts';
import { databaseUrl } from '../support/servers.ts';
import { ask, at, textAt } from '../support/site.ts';

const roles = ['api', 'worker', 'scheduler'] as const;
type Role = (typeof roles)[number];
const redisBase = inject('redisUrl');
/** Redis has numbered databases; this suite has this one to itself. */
const redisUrl = redisBase === undefined ? undefined : databaseUrl(redisBase, '9');
const jwtSecret = 'of the operators, with more than thirty-two bytes';

/** What a kubelet would start and ask, without a kubelet: the image's command in the environment that the chart gives. */
interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  /** By the names of the container's ports. */
  readonly ports: Readonly<Record<string, number>>;
  readonly container: Container;
  readonly environment: Readonly<Record<string, string>>;
  output(): string;
}

describe.skipIf(!helmIsHere || redisUrl === undefined)('the containers of a release', () => {
  const running = new Map<Role, Running>();
  const database = `release_${randomBytes(6).toString('hex')}`;
  let dataDir = '';
  let fake: Awaited<ReturnType<typeof startFakeOpenAi>>;

  const of = (role: Role): Running => {
    const found = running.get(role);
    if (found === undefined) throw new Error(`${role} was not started.`);
    return found;
  };
  const url = (role: Role, port: string, path: string) => `http://127.0.0.1:${of(role).ports[port]}${path}`;
  const status = (address: string) =>
    fetch(address).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => undefined,
    );
  const probed = (role: Role, kind: 'startupProbe' | 'livenessProbe') => {
    const probe = of(role).container[kind]?.httpGet;
    if (probe === undefined) throw new Error(`${role} has no ${kind}.`);
    return status(url(role, probe.port, probe.path));
  };

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-release-'));
    await onServer(`create database ${database}`);
    await clearRedis();
    fake = await startFakeOpenAi();
    const release = await render(
      ...['--values', example('production')],
      ...['--set', 'configMaps.app.data.AWS_ENABLED=false,storage.persistentVolume.enabled=true'],
      ...['--set', `configMaps.app.data.OPENAI_BASE_URL=${fake.baseUrl}`],
      // Not this machine, from which the test asks.
      ...['--set', 'trustProxy=203.0.113.0/24'],
    );
    const command = await commandOfTheImage();
    // All at once and on an empty database, as after `helm install`.
    for (const role of roles) {
      const { container } = release.role(role);
      const ports: Record<string, number> = {};
      for (const { name } of container.ports) ports[name] = await freePort();
      const environment = {
        // The image's PATH; and what two processes on one machine cannot share, or a container has at another place.
        PATH: process.env.PATH ?? '',
        ...release.environment(role, {
          jwt_secret: jwtSecret,
          admin_password: 'a password of the operators',
          database_url: databaseUrl(inject('postgresUrl'), database),
          redis_url: redisUrl ?? '',
          openai_api_key: fake.apiKey,
        }),
        DATA_DIR: dataDir,
        PORT: String(ports.http ?? 0),
        METRICS_PORT: String(ports.metrics),
      };
      const child = spawn(process.execPath, command, {
        cwd: repository,
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let printed = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          printed += text;
        });
      running.set(role, {
        child,
        ended: once(child, 'exit'),
        ports,
        container,
        environment,
        output: () => printed,
      });
    }
  }, 60_000);

  afterAll(async () => {
    for (const { child, ended } of running.values()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await ended;
    }
    await fake?.close();
    if (redisUrl !== undefined && helmIsHere) await clearRedis();
    await onServer(`drop database if exists ${database} with (force)`);
    await rm(dataDir, { recursive: true, force: true });
  });

  test('become ready by the probes of the chart, having migrated the database once between them', async () => {
    for (const role of roles) {
      await until(
        `${role} is ready`,
        async () => {
          if (of(role).child.exitCode !== null) throw new Error(`${role} ended:\n${of(role).output()}`);
          return (await probed(role, 'startupProbe')) === 200;
        },
        90_000,
      );
      expect(await probed(role, 'livenessProbe'), role).toBe(200);
    }
    const migrated = roles.filter((role) => of(role).output().includes('database migrated'));
    expect(migrated).toHaveLength(1);
  }, 120_000);

  test('answer /health and /metrics where the Service and the ServiceMonitor look', async () => {
    for (const role of roles) {
      expect(await status(url(role, 'metrics', '/health')), of(role).output()).toBe(200);
      const page = await (await fetch(url(role, 'metrics', '/metrics'))).text();
      expect(page).toMatch(/^worker_queue_size\{/m);
    }
    expect(await status(url('api', 'http', '/health'))).toBe(200);
  });

  test('make a token by the command that helm install names', async () => {
    const said = await notes('--values', example('production'));
    const command = /exec deployment\/cer-millrace-api -- node dist\/(\S+)\.js (.+)$/m.exec(said);
    const [, program = '', args = ''] = command ?? [];
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(repository, `${program}.ts`), ...args.split(' ')],
      { env: of('api').environment },
    );
    const queues = await ask(url('api', 'http', '/api/stories/scoring/stats'), 'GET', {
      token: stdout.trim(),
    });
    expect(queues.status, queues.text).toBe(200);
  });

  test('carry a job from the API to the worker, which drains when its pod goes', async () => {
    let letGo = () => undefined;
    const gate = new Promise<undefined>((resolve) => {
      letGo = () => void resolve(undefined);
    });
    fake.next(() => gate);
    const token = await createTokens(jwtSecret).issue(
      { subject: 'a service', role: 'admin' },
      new Date(Date.now() + 600_000),
    );
    const body = { title: 'A title', content: 'Some text.' };
    const headers = { 'X-Forwarded-For': '198.51.100.7' };
    const added = await ask(url('api', 'http', '/api/stories'), 'POST', { token, body, headers });
    expect(added.status).toBe(201);
    const id = textAt(added.json, 'data.story.id');
    await until('the worker asks the model', async () => fake.requests.length === 1);

    const worker = of('worker');
    worker.child.kill('SIGTERM');
    await until('the pod leaves its Service', async () => (await probed('worker', 'startupProbe')) === 503);
    // It must not be killed as dead while it drains.
    expect(await probed('worker', 'livenessProbe')).toBe(200);
    expect(worker.child.exitCode).toBe(null);
    letGo();
    expect(await worker.ended, worker.output()).toEqual([0, null]);

    const audit = await ask(url('api', 'http', '/api/audit'), 'GET', { token });
    expect(audit.text).toContain('story.add');
    expect(audit.text, 'of somebody who is no proxy').not.toContain('198.51.100.7');
    const story = await ask(url('api', 'http', `/api/stories/${id}`), 'GET', { token });
    expect(at(story.json, 'data.story.hypeScore')).toBe(usualAssessment.hypeScore);
  }, 60_000);

  test('end in order at SIGTERM', async () => {
    for (const role of ['api', 'scheduler'] as const) {
      of(role).child.kill('SIGTERM');
      expect(await of(role).ended, of(role).output()).toEqual([0, null]);
    }
  }, 60_000);
});

/** The Dockerfile's CMD, from source: what is built of it is run by `.ci/image-steps`. */
async function commandOfTheImage(): Promise<string[]> {
  const dockerfile = await readFile(join(repository, 'Dockerfile'), 'utf8');
  const [program, ...args] = z
    .array(z.string())
    .parse(JSON.parse(/^CMD (\[.+\])$/m.exec(dockerfile)?.[1] ?? ''));
  expect(program).toBe('node');
  expect(args.at(-1)).toBe('dist/src/main.js');
  return [...args.slice(0, -1), 'src/main.ts'];
}

async function clearRedis(): Promise<void> {
  const redis = new Redis(redisUrl ?? '');
  await redis.flushdb();
  redis.disconnect();
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return address.port;
}
