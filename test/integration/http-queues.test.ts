import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queueNames } from '../../queues/index.ts';
import { at, openSite, reminder, type Site } from '../support/site.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

describe('the queues over HTTP', () => {
  it('are seen by viewers, and paused by operators alone', async () => {
    await site.platform.queues.addUntyped('email', 'send-reminder', reminder);
    const viewer = await site.token('viewer');
    const list = await site.ask('GET', '/api/queues', { token: viewer });
    const queues = at(list.json, 'data.queues');
    if (!Array.isArray(queues)) throw new Error('No list of queues came.');
    expect(queues.map((queue) => at(queue, 'name'))).toEqual(queueNames);
    const one = await site.ask('GET', '/api/queues/email', { token: viewer });
    expect(at(one.json, 'data.queue')).toMatchObject({ paused: false, counts: { waiting: 1 }, workers: [] });
    expect((await site.ask('POST', '/api/queues/email/pause', { token: viewer })).status).toBe(403);
    const producer = await site.token('producer');
    expect((await site.ask('GET', '/api/queues', { token: producer })).status).toBe(403);

    const token = await site.token('operator');
    const paused = await site.ask('POST', '/api/queues/email/pause', { token });
    expect([paused.status, at(paused.json, 'data.queue.paused')]).toEqual([200, true]);
    const resumed = await site.ask('POST', '/api/queues/email/resume', { token });
    expect(at(resumed.json, 'data.queue.paused')).toBe(false);
    const entries = await site.world.database.audit.list({ object: 'queue:email' }, 10);
    expect(entries.map(({ action, role }) => [action, role])).toEqual([
      ['queue.resume', 'operator'],
      ['queue.pause', 'operator'],
      ['queue.pause', 'viewer'],
    ]);
  });

  it('tell what they did, in steps', async () => {
    const token = await site.token('viewer');
    const minute = new Date(Math.floor(Date.now() / 60_000) * 60_000);
    const counts = { failed: 0, retried: 0, cancelled: 0, waits: [2], durations: [0, 2] };
    const process = {
      instance: 'x',
      roles: [],
      host: 'h',
      pid: 1,
      version: '1',
      startedAt: minute,
      memoryBytes: 1,
      active: {},
    };
    await site.world.database.activity.record(process, [{ queue: 'email', minute, completed: 2, ...counts }]);
    const answer = await site.ask('GET', '/api/queues/email/activity?hours=2&step=60', { token });
    expect(at(answer.json, 'data.activity')).toEqual([
      {
        at: minute.toISOString(),
        completed: 2,
        failed: 0,
        retried: 0,
        cancelled: 0,
        waitSeconds: { p50: 0.0025, p95: expect.any(Number) },
        durationSeconds: { p50: 0.0075, p95: expect.any(Number) },
      },
    ]);
    for (const wrong of ['hours=0', 'hours=x', 'step=1', 'hour=1']) {
      const refused = await site.ask('GET', `/api/queues/email/activity?${wrong}`, { token });
      expect([wrong, refused.status, at(refused.json, 'error.code')]).toEqual([
        wrong,
        400,
        'INVALID_REQUEST',
      ]);
    }
  });

  it('say which there are', async () => {
    const token = await site.token('operator');
    for (const [method, path] of [
      ['GET', '/api/queues/mails'],
      ['GET', '/api/queues/mails/activity'],
      ['POST', '/api/queues/mails/pause'],
    ] as const) {
      const answer = await site.ask(method, path, { token });
      expect([answer.status, at(answer.json, 'error.code')]).toEqual([404, 'UNKNOWN_QUEUE']);
    }
  });
});
