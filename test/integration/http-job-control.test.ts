import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/platform.ts';
import { type Answer, at, openSite, reminder, type Site, textAt } from '../support/site.ts';

let site: Site;
let producer: string;
let operator: string;
let viewer: string;
/** Until it is resolved, the slow job does not heed its signal: else it may have stopped before the answer is made. */
const heeds = Promise.withResolvers<void>();

beforeAll(async () => {
  site = await openSite({
    processors: {
      email: {
        'send-welcome': async ({ data, signal }) => {
          const name = textAt(data, 'name');
          if (name === 'fails') throw new Error('broken');
          if (name !== 'slow') return { status: 'sent', provider: 'test' };
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              heeds.promise.then(() => reject(signal.reason), reject);
            });
          });
        },
      },
    },
  });
  [producer, operator, viewer] = await Promise.all([
    site.token('producer'),
    site.token('operator'),
    site.token('viewer'),
  ]);
});
afterAll(() => site.close());

const welcome = (name: string) => ({
  type: 'welcome',
  data: { userId: 'u', email: 'ada@example.com', name },
});
const add = async (payload: unknown, options: object = {}, name = 'send-welcome') =>
  textAt(
    (await site.ask('POST', `/api/jobs/email/${name}`, { token: producer, body: { payload, options } })).json,
    'data.job.id',
  );
const steer = (id: string, deed: string, token = operator) =>
  site.ask('POST', `/api/jobs/email/${id}/${deed}`, { token });
const stateOf = async (id: string) =>
  at((await site.ask('GET', `/api/jobs/email/${id}`, { token: operator })).json, 'data.job.state');
const becomes = (id: string, state: string) =>
  until(`job ${id} is ${state}`, async () => (await stateOf(id)) === state);

function expectError(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: at(answer.json, 'error.code') }).toEqual({ status, code });
}

describe('adding many jobs', () => {
  const bulk = (
    jobs: readonly unknown[],
    headers: Record<string, string> = {},
    path = 'email/send-reminder',
  ) => site.ask('POST', `/api/jobs/${path}/bulk`, { token: producer, body: { jobs }, headers });
  // Nothing here does such jobs, so they wait where no worker takes them.
  const options = { delay: 600_000 };
  const waiting = async () => (await site.platform.queues.counts('sync')).delayed;
  const refresh = (scope: unknown) => ({
    payload: { type: 'refresh-analytics', data: { scope } },
    options,
  });

  it('adds a thousand at once', async () => {
    const before = await waiting();
    const answer = await bulk(
      Array.from({ length: 1_000 }, () => refresh('all')),
      {},
      'sync/refresh-analytics',
    );
    expect(answer.status).toBe(202);
    const jobs = at(answer.json, 'data.jobs');
    expect(jobs).toHaveLength(1_000);
    expect(jobs).toContainEqual({
      id: expect.any(String),
      queue: 'sync',
      name: 'refresh-analytics',
      created: true,
    });
    expect(await waiting()).toBe(before + 1_000);
  });

  it('adds none when one is wrong, and names each wrong field under the index of its job', async () => {
    const before = await waiting();
    const answer = await bulk(
      [refresh('all'), refresh('nothing'), refresh('all'), { payload: {}, options: { delay: 5 } }],
      {},
      'sync/refresh-analytics',
    );
    expectError(answer, 400, 'INVALID_PAYLOAD');
    const paths = JSON.stringify(at(answer.json, 'error.details'));
    for (const path of ['[1].data.scope', '[3].type', '[3].data']) expect(paths).toContain(`"${path}"`);
    expect(paths).not.toContain('"[0]');
    expect(await waiting()).toBe(before);
  });

  it('makes one batch of the same request twice, and says which jobs were there', async () => {
    const headers = { 'Idempotency-Key': 'batch-1' };
    const jobs = [refresh('all'), refresh('entities')];
    const first = await bulk(jobs, headers, 'sync/refresh-analytics');
    const again = await bulk(jobs, headers, 'sync/refresh-analytics');
    expect([first.status, again.status]).toEqual([202, 200]);
    const ids = (answer: Answer) => [at(answer.json, 'data.jobs.0.id'), at(answer.json, 'data.jobs.1.id')];
    expect(ids(again)).toEqual(ids(first));
    expect(at(again.json, 'data.jobs.1.created')).toBe(false);
    const longer = await bulk([...jobs, refresh('all')], headers, 'sync/refresh-analytics');
    expect(longer.status).toBe(202);
    expect(at(longer.json, 'data.jobs.2.created')).toBe(true);
  });

  it('adds none when a key stands for other work, or for that of another caller', async () => {
    const keyed = (scope: string, idempotencyKey: string) => ({
      ...refresh(scope),
      options: { ...options, idempotencyKey },
    });
    await bulk([keyed('all', 'k-1')], {}, 'sync/refresh-analytics');
    const before = await waiting();
    const answer = await bulk(
      [refresh('all'), keyed('entities', 'k-1'), keyed('all', 'k-2'), keyed('all', 'k-2')],
      {},
      'sync/refresh-analytics',
    );
    expectError(answer, 422, 'IDEMPOTENCY_CONFLICT');
    const details = JSON.stringify(at(answer.json, 'error.details'));
    expect(details).toContain('"[1].options.idempotencyKey"');
    expect(details).toContain('has the key of [2]');
    const other = await site.service.issueToken('producer', 1, 'another-service');
    const foreign = await site.ask('POST', '/api/jobs/sync/refresh-analytics/bulk', {
      token: other,
      body: { jobs: [keyed('all', 'k-1')] },
    });
    expectError(foreign, 422, 'IDEMPOTENCY_CONFLICT');
    expect(await waiting()).toBe(before);
  });

  it.each<[string, readonly unknown[], string, number, string]>([
    ['none', [], 'email/send-reminder', 400, 'INVALID_REQUEST'],
    [
      'more than a thousand',
      Array.from({ length: 1_001 }, () => ({ payload: reminder })),
      'email/send-reminder',
      400,
      'INVALID_REQUEST',
    ],
    [
      'an option that there is not',
      [{ payload: reminder, options: { retries: 1 } }],
      'email/send-reminder',
      400,
      'INVALID_REQUEST',
    ],
    ['a job that there is not', [{ payload: reminder }], 'email/send-remainder', 404, 'UNKNOWN_JOB'],
    ['a queue that there is not', [{ payload: reminder }], 'mails/send-reminder', 404, 'UNKNOWN_QUEUE'],
  ])('refuses %s', async (_what, jobs, path, status, code) => {
    expectError(await bulk(jobs, {}, path), status, code);
  });

  it('takes bodies that a single job may not have, within a limit of its own', async () => {
    const large = { ...reminder, data: { ...reminder.data, userId: 'u'.repeat(100) } };
    const jobs = Array.from({ length: 1_000 }, () => ({ payload: large, options: { delay: 600_000 } }));
    expect((await bulk(jobs)).status).toBe(202);
    expectError(await bulk([{ payload: 'x'.repeat(17_000_000) }]), 413, 'TOO_LARGE');
  });
});

describe('a body', () => {
  it('of another kind than JSON is refused as such', async () => {
    const text = await site.ask('POST', '/api/jobs/email/send-welcome', {
      token: producer,
      body: 'payload=1',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expectError(text, 415, 'UNSUPPORTED_MEDIA');
    const encoded = await site.ask('POST', '/api/jobs/email/send-welcome', {
      token: producer,
      body: '{}',
      headers: { 'Content-Encoding': 'rot13' },
    });
    expectError(encoded, 415, 'UNSUPPORTED_MEDIA');
  });
});

describe('cancelling', () => {
  it('takes a waiting job out of its queue, once', async () => {
    const id = await add(welcome('later'), { delay: 600_000 });
    const answer = await steer(id, 'cancel');
    expect(answer.status).toBe(200);
    expect(at(answer.json, 'data.job')).toMatchObject({
      id,
      state: 'cancelled',
      payload: { type: 'welcome', data: { userId: 'u' } },
      failure: '[JOB_CANCELLED] Cancelled by operator.',
    });
    expect((await steer(id, 'cancel')).json).toEqual(answer.json);
    expect(await stateOf(id)).toBe('cancelled');
    // Whoever added it still sees what became of it.
    const own = await site.ask('GET', `/api/jobs/email/${id}`, { token: producer });
    expect(at(own.json, 'data.job.state')).toBe('cancelled');
    const stranger = await site.service.issueToken('producer', 1, 'another-service');
    expectError(await site.ask('GET', `/api/jobs/email/${id}`, { token: stranger }), 404, 'JOB_NOT_FOUND');
  });

  it('stops a running job', async () => {
    const id = await add(welcome('slow'));
    await becomes(id, 'active');
    const answer = await steer(id, 'cancel');
    expect([answer.status, at(answer.json, 'data.job.state')]).toEqual([202, 'active']);
    heeds.resolve();
    await becomes(id, 'cancelled');
    expect(await site.platform.deadLetters.list('email')).toEqual([]);
  });

  it('says of a job that has ended that it is too late', async () => {
    const id = await add(welcome('fine'));
    await becomes(id, 'completed');
    expectError(await steer(id, 'cancel'), 409, 'JOB_STATE_CONFLICT');
    expectError(await steer(id, 'retry'), 409, 'JOB_STATE_CONFLICT');
    expectError(await steer(id, 'promote'), 409, 'JOB_STATE_CONFLICT');
  });
});

describe('retrying and promoting', () => {
  it('let a job go on', async () => {
    const failed = await add(welcome('fails'), { attempts: 1 });
    await becomes(failed, 'failed');
    expect((await steer(failed, 'retry')).status).toBe(202);
    await until('it has failed again', async () => {
      const job = await site.platform.queues.job('email', failed);
      return job?.state === 'failed' && job.attempts.made === 2;
    });
    const delayed = await add(welcome('fine'), { delay: 600_000 });
    expect((await steer(delayed, 'promote')).status).toBe(202);
    await becomes(delayed, 'completed');
  });

  it('are for operators, and are in the audit log', async () => {
    const id = await add(welcome('later'), { delay: 600_000 });
    for (const deed of ['cancel', 'retry', 'promote']) {
      expectError(await steer(id, deed, producer), 403, 'FORBIDDEN');
      expectError(await steer(id, deed, viewer), 403, 'FORBIDDEN');
    }
    await steer(id, 'cancel');
    const entries = await site.audited({ object: `job:email/${id}` });
    expect(entries[0]).toMatchObject({
      action: 'job.cancel',
      subject: 'operator',
      outcome: 'done',
      detail: { running: false },
    });
    expect(entries.filter(({ outcome }) => outcome === 'refused')).toHaveLength(6);
    expectError(await steer('nothing', 'cancel'), 404, 'JOB_NOT_FOUND');
    expectError(await steer(id, 'obliterate'), 404, 'NOT_FOUND');
  });
});

describe('running a job again', () => {
  const again = (id: string, body?: unknown, headers: Record<string, string> = {}, token = operator) =>
    site.ask('POST', `/api/jobs/email/${id}/run-again`, {
      token,
      headers,
      ...(body === undefined ? {} : { body }),
    });
  const seen = async (id: string) => (await site.platform.queues.job('email', id))?.payload;

  it('makes a new job of the same or of an edited payload, in which what is masked keeps its value', async () => {
    const id = await add(welcome('first'), { tenant: 'acme' });
    await becomes(id, 'completed');
    const same = await again(id);
    expect(same).toMatchObject({ status: 202, json: { data: { job: { name: 'send-welcome' } } } });
    const copy = textAt(same.json, 'data.job.id');
    expect(copy).not.toBe(id);
    expect(await seen(copy)).toEqual(welcome('first'));
    // Nothing is written to the index here: it is the queue that knows.
    expect((await site.platform.queues.job('email', copy))?.tenant).toBe('acme');

    const shown = await site.ask('GET', `/api/jobs/email/${id}`, { token: operator });
    expect(textAt(shown.json, 'data.job.payload.data.email')).toBe('[masked]');
    const edited = { type: 'welcome', data: { userId: 'v', email: '[masked]', name: 'second' } };
    const made = textAt((await again(id, { payload: edited })).json, 'data.job.id');
    expect(await seen(made)).toEqual({
      type: 'welcome',
      data: { userId: 'v', email: 'ada@example.com', name: 'second' },
    });
    const [entry] = await site.audited({ action: 'job.rerun' });
    expect(entry).toMatchObject({
      object: `job:email/${id}`,
      outcome: 'done',
      detail: { edited: true, job: made },
    });
  });

  it('makes one for one key', async () => {
    const id = await add(welcome('keyed'));
    const headers = { 'Idempotency-Key': 'again-1' };
    const [one, two] = [await again(id, undefined, headers), await again(id, undefined, headers)];
    expect([one.status, two.status]).toEqual([202, 200]);
    expect(at(two.json, 'data.job.id')).toBe(at(one.json, 'data.job.id'));
    const other = await again(id, { payload: welcome('another') }, headers);
    expectError(other, 422, 'IDEMPOTENCY_CONFLICT');
  });

  it('adds nothing for a payload that does not fit, for those who may not, and for none that was', async () => {
    const id = await add(welcome('refused'));
    const wrong = await again(id, { payload: { type: 'welcome', data: { userId: 'u', name: 7 } } });
    expectError(wrong, 400, 'INVALID_PAYLOAD');
    expect(JSON.stringify(at(wrong.json, 'error.details'))).toContain('"data.name"');
    expectError(await again(id, undefined, {}, producer), 403, 'FORBIDDEN');
    expectError(await again(id, undefined, {}, viewer), 403, 'FORBIDDEN');
    expectError(await again('nothing'), 404, 'JOB_NOT_FOUND');
  });

  it('wants the whole payload of one that its queue has forgotten', async () => {
    const addedAt = new Date();
    const forgotten = { queue: 'email', jobId: 'forgotten', addedAt, stateAt: addedAt, name: 'send-welcome' };
    const payload = JSON.stringify({ type: 'welcome', data: { email: '[masked]' } });
    await site.world.database.jobIndex.record([{ ...forgotten, state: 'completed', payload }]);
    const bare = await again('forgotten');
    expectError(bare, 400, 'INVALID_PAYLOAD');
    expect(textAt(bare.json, 'error.message')).toContain('the queue has forgotten the job');
    const masked = await again('forgotten', {
      payload: { type: 'welcome', data: { userId: 'u', email: '[masked]', name: 'x' } },
    });
    expectError(masked, 400, 'INVALID_PAYLOAD');
    expect((await again('forgotten', { payload: welcome('whole') })).status).toBe(202);
  });
});
