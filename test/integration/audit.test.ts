import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, openSite, reminder, type Site, textAt } from '../support/site.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const log = (filter: Parameters<Site['world']['database']['audit']['list']>[0] = {}) =>
  site.world.database.audit.list(filter, 100);

async function isPaused(queue: string): Promise<unknown> {
  const token = await site.token('operator');
  const queues = at((await site.ask('GET', '/admin/queues/api/queues', { token })).json, 'queues');
  if (!Array.isArray(queues)) throw new Error('The board lists no queues.');
  return at(
    queues.find((shown) => at(shown, 'name') === queue),
    'isPaused',
  );
}

describe('a change from the board', () => {
  const board = async (method: string, path: string, role: 'viewer' | 'operator') =>
    site.ask(method, `/admin/queues/api/queues${path}`, {
      token: await site.token(role),
      headers: { 'User-Agent': 'Board/1', 'X-Correlation-Id': 'audit-1' },
    });

  it('is in the log with who, what, on what, from where and how it ended', async () => {
    const { id } = await site.platform.queues.addUntyped('email', 'send-reminder', reminder);
    expect((await board('PUT', `/email/${id}/clean`, 'operator')).status).toBe(204);
    expect(await site.audited({ object: `job:email/${id}` })).toEqual([
      expect.objectContaining({
        subject: 'operator',
        role: 'operator',
        via: 'token',
        action: 'job.remove',
        address: expect.stringMatching(/127\.0\.0\.1|::1/),
        userAgent: 'Board/1',
        correlationId: 'audit-1',
        outcome: 'done',
      }),
    ]);
  });

  it('is in the log when it is refused, and is not made', async () => {
    expect((await board('PUT', '/sync/pause', 'viewer')).status).toBe(403);
    expect(await isPaused('sync')).toBe(false);
    expect(await site.audited({ object: 'queue:sync' })).toEqual([
      expect.objectContaining({ action: 'queue.pause', role: 'viewer', outcome: 'refused' }),
    ]);
  });

  it('says which jobs were meant, also when there are none', async () => {
    await board('PUT', '/document/retry/failed', 'operator');
    const [entry] = await site.audited({ object: 'queue:document' });
    expect(entry).toMatchObject({ action: 'queue.retry', detail: { state: 'failed' }, outcome: 'done' });
    await board('PUT', '/document/nothing%2Fthere/retry', 'operator');
    const [missing] = await site.audited({ object: 'job:document/*' });
    expect(missing).toMatchObject({ object: 'job:document/nothing/there', outcome: 'refused' });
  });

  it('that nobody knows is refused', async () => {
    for (const path of ['/email/obliterate', '/email/Pause', '/email/1/2/3', '//pause'])
      expect([path, (await board('PUT', path, 'operator')).status]).toEqual([path, 403]);
  });
});

describe('a change by the API', () => {
  const add = async (role: 'producer' | 'operator', payload: unknown = reminder) =>
    site.ask('POST', '/api/jobs/email/send-reminder', { token: await site.token(role), body: { payload } });

  it('is in the log when a person makes it; what a service adds says so itself', async () => {
    await add('producer');
    expect(await log({ action: 'job.add' })).toEqual([]);
    const id = textAt((await add('operator')).json, 'data.job.id');
    expect(await site.audited({ action: 'job.add' })).toEqual([
      expect.objectContaining({
        object: 'queue:email',
        outcome: 'done',
        detail: { job: id, name: 'send-reminder' },
      }),
    ]);
    expect((await site.platform.queues.job('email', id))?.addedBy).toBe('operator');
  });

  it('that is refused says why', async () => {
    await add('operator', { type: 'wrong' });
    const [entry] = await site.audited({ action: 'job.add' });
    expect(entry).toMatchObject({ outcome: 'refused', detail: { error: 'INVALID_PAYLOAD' } });
  });

  it('by a viewer is refused', async () => {
    const token = await site.token('viewer');
    const answer = await site.ask('POST', '/api/jobs/email/send-reminder', {
      token,
      body: { payload: reminder },
    });
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([403, 'FORBIDDEN']);
    expect(answer.headers.get('WWW-Authenticate')).toContain('scope="producer"');
    const [entry] = await site.audited({ subject: 'viewer', action: 'job.add' });
    expect(entry).toMatchObject({ outcome: 'refused' });
  });
});

it('nothing is changed that cannot be written down', async () => {
  const { pool } = site.world;
  await pool.query(
    `create function fail_audit() returns trigger language plpgsql as
       $$ begin raise exception 'no room' using errcode = 'disk_full'; end $$;
     create trigger audit_full before insert on audit_log for each row execute function fail_audit()`,
  );
  try {
    const token = await site.token('operator');
    const before = await site.platform.queues.counts('email');
    const added = await site.ask('POST', '/api/jobs/email/send-reminder', {
      token,
      body: { payload: reminder },
    });
    expect(added.status).toBeGreaterThanOrEqual(500);
    expect(await site.platform.queues.counts('email')).toEqual(before);
    const paused = await site.ask('PUT', '/admin/queues/api/queues/email/pause', { token });
    expect(paused.status).toBeGreaterThanOrEqual(500);
    expect(await isPaused('email')).toBe(false);
  } finally {
    await pool.query('drop trigger audit_full on audit_log');
  }
});

describe('a producer', () => {
  const ask = async (method: string, path: string, subject: string, request: object = {}) =>
    site.ask(method, path, { token: await site.token('producer', subject), ...request });
  const add = (subject: string, request: object = {}) =>
    ask('POST', '/api/jobs/email/send-reminder', subject, { body: { payload: reminder }, ...request });

  it('sees its own jobs, and of another’s not even that they are there', async () => {
    const id = textAt((await add('shop')).json, 'data.job.id');
    const own = await ask('GET', `/api/jobs/email/${id}`, 'shop');
    expect([own.status, at(own.json, 'data.job.addedBy')]).toEqual([200, 'shop']);
    const others = await ask('GET', `/api/jobs/email/${id}`, 'bakery');
    const none = await ask('GET', '/api/jobs/email/none', 'bakery');
    expect([others.status, at(others.json, 'error.code')]).toEqual([404, 'JOB_NOT_FOUND']);
    expect(others.text.replace(id, 'none')).toBe(none.text);
    const byViewer = await site.ask('GET', `/api/jobs/email/${id}`, { token: await site.token('viewer') });
    expect(byViewer.status).toBe(200);
  });

  it('does not learn by an idempotency key of another’s job', async () => {
    const headers = { 'Idempotency-Key': 'shared' };
    expect((await add('shop', { headers })).status).toBe(202);
    const answer = await add('bakery', { headers });
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
    expect((await add('shop', { headers })).status).toBe(200);
  });

  it('cannot say that another adds a job', async () => {
    const body = { payload: reminder, options: { addedBy: 'bakery' } };
    expect((await add('shop', { body })).status).toBe(400);
  });
});
