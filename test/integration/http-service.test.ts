import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { createMetricsService } from '../../src/http/index.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/platform.ts';
import { type Answer, ask, at, openSite, type Site } from '../support/site.ts';

describe('health', () => {
  let site: Site;
  let ready = true;
  let databaseDown = false;
  let stuck = false;
  let checks = 0;
  beforeAll(async () => {
    site = await openSite({
      health: {
        queue: async () => ({ backend: 'postgres' }),
        database: async () => {
          checks += 1;
          await site.world.database.ping();
          if (databaseDown) throw new MillraceError('DATABASE_UNAVAILABLE', 'The database does not answer.');
        },
        storage: async () => {
          if (databaseDown) throw new Error('connect ECONNREFUSED 10.0.0.7:9000 as user millrace');
        },
        workers: () => (stuck ? new Promise(() => undefined) : Promise.resolve()),
      },
      ready: () => ready,
    });
  });
  afterAll(() => site.close());

  it('tells every component with its state and latency', async () => {
    // Each has three seconds to answer, which a machine that stands still for a while may not have.
    let answer = await site.ask('GET', '/health');
    await until('all are up', async () => {
      answer = await site.ask('GET', '/health');
      return answer.status === 200;
    });
    const up = { state: 'up', latencyMs: expect.any(Number) };
    expect(answer.json).toEqual({
      success: true,
      data: {
        status: 'up',
        components: {
          queue: { ...up, details: { backend: 'postgres' } },
          database: up,
          storage: up,
          workers: up,
        },
      },
    });
  });

  it('is 503 when something is away, and says what without naming hosts', async () => {
    databaseDown = true;
    const answer = await site.ask('GET', '/health').finally(() => {
      databaseDown = false;
    });
    expect(answer.status).toBe(503);
    expect(at(answer.json, 'error')).toEqual({ code: 'NOT_READY', message: 'Not well: database, storage.' });
    expect(at(answer.json, 'data.components.database')).toMatchObject({
      state: 'down',
      error: 'The database does not answer.',
    });
    expect(at(answer.json, 'data.components.storage')).toMatchObject({ state: 'down', error: 'UNKNOWN' });
    expect(answer.text).not.toContain('10.0.0.7');
  });

  it('answers within its bound when a component does not, and asks once for many callers', async () => {
    stuck = true;
    const before = checks;
    const answers = await Promise.all(Array.from({ length: 5 }, () => site.ask('GET', '/health'))).finally(
      () => {
        stuck = false;
      },
    );
    for (const answer of answers) {
      expect(at(answer.json, 'data.components.workers')).toMatchObject({
        state: 'down',
        error: 'No answer within 3 s.',
      });
    }
    expect(checks - before).toBe(1);
  });

  it('has probes: live always, ready only when it is', async () => {
    expect((await site.ask('GET', '/health/live')).status).toBe(200);
    expect((await site.ask('GET', '/health/ready')).status).toBe(200);
    ready = false;
    const answer = await site.ask('GET', '/health/ready');
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([503, 'NOT_READY']);
    expect((await site.ask('GET', '/health/live')).status).toBe(200);
  });
});

describe('metrics', () => {
  it('stand under /metrics, and on a listener of their own with nothing else but health', async () => {
    const free = await freePort();
    const site = await openSite({
      metricsPort: free,
      metrics: { contentType: 'text/plain; version=0.0.4', render: async () => 'worker_active_jobs 0\n' },
    });
    try {
      const other = (path: string): Promise<Answer> => ask(`http://127.0.0.1:${free}${path}`, 'GET');
      for (const answer of [await site.ask('GET', '/metrics'), await other('/metrics')]) {
        expect(answer.text).toBe('worker_active_jobs 0\n');
        expect(answer.headers.get('Content-Type')).toContain('version=0.0.4');
      }
      expect((await other('/health/live')).status).toBe(200);
      for (const path of ['/admin/queues', '/api/stories/scoring/stats', '/admin/sign-in']) {
        expect((await other(path)).status).toBe(404);
      }
    } finally {
      await site.close();
    }
  });
});

describe('the service', () => {
  it('starts and stops twice without harm, ends a start under way, and starts again', async () => {
    const site = await openSite();
    const { service } = site;
    try {
      const { port, url } = service;
      await service.start();
      expect(service.port).toBe(port);
      await Promise.all([service.stop(), service.stop()]);
      await expect(ask(`${url}/health/live`, 'GET')).rejects.toThrow();
      expect(() => service.url).toThrow('not been started');
      const starting = service.start();
      await service.stop();
      await starting;
      expect(() => service.url).toThrow('not been started');
      await service.start();
      expect((await site.ask('GET', '/health/live')).status).toBe(200);
    } finally {
      await site.close();
    }
  });

  it('says what to do when its port is taken, and keeps no other', async () => {
    const site = await openSite();
    try {
      const { port } = site.service;
      await expect(openSite({ port })).rejects.toMatchObject({
        code: 'PREFLIGHT_FAILED',
        message: expect.stringContaining(`127.0.0.1:${port}`),
      });
    } finally {
      await site.close();
    }
  });

  it('lets a request under way end, closes idle connections, and does not wait for those that never end', async () => {
    const begun = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const site = await openSite({
      drainMs: 60_000,
      metrics: {
        contentType: 'text/plain',
        render: async () => {
          begun.resolve();
          await held.promise;
          return 'done';
        },
      },
    });
    try {
      // The agents keep their connections open, as load balancers do.
      const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
      const idle = await request(`${site.service.url}/health/live`, agents[0]);
      const slow = request(`${site.service.url}/metrics`, agents[1]);
      await begun.promise;
      let stopped = false;
      const stopping = site.service.stop().then(() => {
        stopped = true;
      });
      await idle.closed;
      expect(stopped).toBe(false);
      held.resolve();
      expect((await slow).status).toBe(200);
      await stopping;
      for (const agent of agents) agent.destroy();
    } finally {
      await site.close();
    }

    const endless = await openSite({
      drainMs: 50,
      metrics: { contentType: 'text/plain', render: () => new Promise(() => undefined) },
    });
    try {
      const cut = expect(request(`${endless.service.url}/metrics`)).rejects.toThrow();
      await endless.ask('GET', '/health/live');
      await endless.service.stop();
      await cut;
    } finally {
      await endless.close();
    }
  });

  it('does not wait for connections on which nothing was asked', async () => {
    const site = await openSite({ drainMs: 60_000 });
    try {
      const socket = connect(site.service.port, '127.0.0.1');
      await once(socket, 'connect');
      // Answered on another connection, and after this one was accepted.
      await site.ask('GET', '/health/live');
      await site.service.stop();
      if (!socket.closed) await once(socket, 'close');
    } finally {
      await site.close();
    }
  });

  it('answers for a handler that does not come back', async () => {
    const site = await openSite({
      requestTimeoutMs: 50,
      metrics: { contentType: 'text/plain', render: () => new Promise(() => undefined) },
    });
    try {
      const answer = await site.ask('GET', '/metrics');
      expect([answer.status, at(answer.json, 'error.code')]).toEqual([503, 'REQUEST_TIMEOUT']);
      expect(answer.headers.get('Retry-After')).toBe('5');
    } finally {
      await site.close();
    }
  });
});

/** One request; `closed` resolves when its connection has ended. */
function request(url: string, agent?: Agent): Promise<{ status: number; closed: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const sent = get(url, agent === undefined ? {} : { agent }, (response: IncomingMessage) => {
      const closed = new Promise<void>((done) => {
        response.socket.once('close', () => done());
      });
      response.resume();
      response.once('end', () => resolve({ status: response.statusCode ?? 0, closed }));
      response.once('error', reject);
    });
    sent.once('error', reject);
  });
}

describe('the metrics of a process without an API', () => {
  it('are served with its health, and nothing else is', async () => {
    const service = createMetricsService({
      host: '127.0.0.1',
      port: 0,
      metrics: { contentType: 'text/plain', render: async () => 'up 1\n' },
      health: { workers: async () => ({ processes: [] }) },
      ready: () => true,
      log: silentLogger(),
      redact: (text) => text,
    });
    await service.start();
    const url = `http://127.0.0.1:${service.port}`;
    try {
      expect((await ask(`${url}/metrics`, 'GET')).text).toBe('up 1\n');
      expect((await ask(`${url}/health/live`, 'GET')).status).toBe(200);
      expect(at((await ask(`${url}/health`, 'GET')).json, 'data.status')).toBe('up');
      for (const path of ['/api/queues', '/admin', '/files/x'])
        expect((await ask(url + path, 'GET')).status, path).toBe(404);
    } finally {
      await service.stop();
      await service.stop();
    }
    await expect(fetch(`${url}/metrics`)).rejects.toThrow();
  });

  it('are gone without where another process has the port and nobody asked for it', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const address = first.address();
    if (address === null || typeof address === 'string') throw new Error('No port was given.');
    const options = {
      host: '127.0.0.1',
      port: address.port,
      metrics: { contentType: 'text/plain', render: async () => 'up 1\n' },
      health: {},
      ready: () => true,
      redact: (text: string) => text,
    };
    const log = silentLogger();
    const warned = vi.spyOn(log, 'warn');
    try {
      const asked = createMetricsService({ ...options, log });
      await expect(asked.start()).rejects.toThrow('something else listens there');
      expect(warned).not.toHaveBeenCalled();
      const byDefault = createMetricsService({ ...options, log, portIsDefault: true });
      await byDefault.start();
      expect(warned).toHaveBeenCalledExactlyOnceWith(
        { port: address.port },
        expect.stringContaining('METRICS_PORT is taken'),
      );
      await byDefault.stop();
      // Any other fault is told, whoever chose the port.
      const elsewhere = createMetricsService({ ...options, log, host: '192.0.2.1', portIsDefault: true });
      await expect(elsewhere.start()).rejects.toThrow('Cannot listen on 192.0.2.1');
    } finally {
      first.close();
    }
  });
});
