import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queueNames } from '../../queues/index.ts';
import { type Answer, at, openSite, reminder, type Site, takeQueuesAway, textAt } from '../support/site.ts';

let site: Site;
let token: string;

beforeAll(async () => {
  site = await openSite();
  token = await site.token('producer');
});
afterAll(() => site.close());

const add = (body: unknown, headers: Record<string, string> = {}, path = 'email/send-reminder') =>
  site.ask('POST', `/api/jobs/${path}`, { token, body, headers });

function expectError(answer: Answer, status: number, code: string | RegExp): void {
  const expected = typeof code === 'string' ? code : expect.stringMatching(code);
  expect({ status: answer.status, code: at(answer.json, 'error.code') }).toEqual({ status, code: expected });
  expect(at(answer.json, 'success')).toBe(false);
  expect(textAt(answer.json, 'error.message')).not.toBe('');
  expect(answer.text).not.toMatch(/\bat .*\.ts:\d/);
}

describe('adding a job', () => {
  it('answers 202 with the job, which is then in the queue with its payload and correlation id', async () => {
    const answer = await add({ payload: reminder }, { 'X-Correlation-Id': 'order-77.a_b' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('X-Correlation-Id')).toBe('order-77.a_b');
    const id = textAt(answer.json, 'data.job.id');
    expect(answer.json).toEqual({
      success: true,
      data: { job: { id, queue: 'email', name: 'send-reminder', state: 'waiting' } },
    });
    const job = await site.platform.queues.job('email', id);
    expect(job).toMatchObject({ payload: reminder, correlationId: 'order-77.a_b' });
  });

  it('takes delay, priority and attempts', async () => {
    const answer = await add({ payload: reminder, options: { delay: 60_000, priority: 5, attempts: 7 } });
    expect(at(answer.json, 'data.job.state')).toBe('delayed');
    const job = await site.platform.queues.queue('email').getJob(textAt(answer.json, 'data.job.id'));
    expect(job?.opts).toMatchObject({ delay: 60_000, priority: 5, attempts: 7 });
  });

  it('gives a correlation id of its own when the one that came is not fit for headers and logs', async () => {
    const answer = await add({ payload: reminder }, { 'X-Correlation-Id': 'a b{}' });
    expect(answer.headers.get('X-Correlation-Id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers 200 with the same job for the same Idempotency-Key, and 422 for other work under it', async () => {
    const first = await add({ payload: reminder }, { 'Idempotency-Key': 'key-1' });
    const again = await add({ payload: reminder }, { 'Idempotency-Key': 'key-1' });
    expect([first.status, again.status]).toEqual([202, 200]);
    expect(again.json).toEqual(first.json);
    const byOption = await add({ payload: reminder, options: { idempotencyKey: 'key-1' } });
    expect(byOption.json).toEqual(first.json);
    const other = { ...reminder, data: { ...reminder.data, userId: 'user-9' } };
    expectError(await add({ payload: other }, { 'Idempotency-Key': 'key-1' }), 422, 'IDEMPOTENCY_CONFLICT');
  });

  it('makes one job of twenty requests with one key at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => add({ payload: reminder }, { 'Idempotency-Key': 'burst' })),
    );
    expect(new Set(answers.map((answer) => textAt(answer.json, 'data.job.id'))).size).toBe(1);
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(1);
  });

  it('refuses two keys that differ, and a key that is none', async () => {
    const body = { payload: reminder, options: { idempotencyKey: 'b' } };
    expectError(await add(body, { 'Idempotency-Key': 'a' }), 400, 'INVALID_REQUEST');
    expectError(await add({ payload: reminder }, { 'Idempotency-Key': 'two words' }), 400, 'INVALID_REQUEST');
  });

  it('names each wrong field of a payload', async () => {
    const answer = await add({ payload: { type: 'opportunity-reminder', data: { userId: 'u', more: 1 } } });
    expectError(answer, 400, 'INVALID_PAYLOAD');
    const details = JSON.stringify(at(answer.json, 'error.details'));
    for (const path of ['data.email', 'data.opportunities']) expect(details).toContain(`"${path}"`);
    expect(details).toContain('more');
  });

  it.each([
    ['a job id of the caller', { payload: reminder, options: { jobId: 'mine' } }],
    ['a key of the caller', { payload: reminder, options: { key: 'mine' } }],
    ['an option that there is not', { payload: reminder, options: { retries: 3 } }],
    ['a field beside payload and options', { payload: reminder, extra: true }],
    ['a delay below zero', { payload: reminder, options: { delay: -1 } }],
    ['a body that is no object', [1, 2]],
    ['no body', undefined],
    ['NUL in text, which no database keeps', { payload: { ...reminder, data: { userId: 'a\0b' } } }],
    ['half a surrogate pair', { payload: { ...reminder, data: { userId: 'a\ud800b' } } }],
  ])('refuses %s', async (_what, body) => {
    expectError(await add(body), 400, 'INVALID_REQUEST');
  });

  it('refuses malformed JSON, bodies above their limit, and bodies without end in depth', async () => {
    expectError(await add('{"payload":'), 400, 'INVALID_REQUEST');
    expectError(await add(`{"payload":"${'x'.repeat(310_000)}"}`), 413, 'TOO_LARGE');
    const deep = `{"payload":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expectError(await add(deep), 400, 'INVALID_REQUEST');
  });

  it('says which queues and jobs there are', async () => {
    const queue = await add({ payload: {} }, {}, 'mails/send-reminder');
    expectError(queue, 404, 'UNKNOWN_QUEUE');
    expect(textAt(queue.json, 'error.message')).toContain('story-enhancement');
    expectError(await add({ payload: {} }, {}, 'email/send-reminders'), 404, 'UNKNOWN_JOB');
    expectError(await add({ payload: {} }, {}, 'email/constructor'), 404, 'UNKNOWN_JOB');
    expectError(await add({ payload: reminder }, {}, 'email/send-reminder?dryRun=1'), 400, 'INVALID_REQUEST');
  });

  it('never answers with a fault of its own, whatever is sent', async () => {
    const segment = fc.oneof(
      fc.constantFrom(...queueNames, 'send-reminder', 'enhance-story', '..', '%00', '%ff', '__proto__'),
      fc.string({ unit: 'binary', maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
    );
    const body = fc.oneof(
      fc.json(),
      fc.record({ payload: fc.jsonValue() }),
      fc.record({
        payload: fc.record({ type: fc.constant('opportunity-reminder'), data: fc.jsonValue() }),
        options: fc.dictionary(
          fc.constantFrom('delay', 'priority', 'attempts', 'correlationId', 'deduplicate', 'idempotencyKey'),
          fc.jsonValue(),
        ),
      }),
      fc.string({ unit: 'binary' }),
    );
    await fc.assert(
      fc.asyncProperty(segment, segment, body, async (queue, name, content) => {
        const answer = await add(content, {}, `${queue}/${name}`);
        expect(answer.status).toBeLessThan(500);
        expect(answer.status).toBeGreaterThanOrEqual(202);
        expect(answer.headers.get('X-Correlation-Id')).toBeTruthy();
        expect(at(answer.json, 'success')).toBe(answer.status < 400);
      }),
      { numRuns: 400 },
    );
  });
});

describe('looking at a job', () => {
  it('tells state, progress, attempts, payload and times', async () => {
    const id = textAt((await add({ payload: reminder })).json, 'data.job.id');
    const answer = await site.ask('GET', `/api/jobs/email/${id}`, { token });
    expect(answer.status).toBe(200);
    expect(at(answer.json, 'data.job')).toMatchObject({
      id,
      queue: 'email',
      name: 'send-reminder',
      state: 'waiting',
      progress: { percent: 0 },
      attempts: { made: 0, max: 3 },
      payload: reminder,
      logs: [],
    });
  });

  it('says that there is none', async () => {
    expectError(await site.ask('GET', '/api/jobs/email/nothing', { token }), 404, 'JOB_NOT_FOUND');
    expectError(await site.ask('GET', '/api/jobs/mails/1', { token }), 404, 'UNKNOWN_QUEUE');
    expectError(await site.ask('GET', '/api/jobs/email/a%00b', { token }), 400, 'INVALID_REQUEST');
    expectError(await site.ask('GET', '/api/jobs/email/%ff', { token }), 400, 'INVALID_REQUEST');
  });
});

describe('everything else', () => {
  it('is 404 in the same shape, and tells nothing of the server', async () => {
    const answer = await site.ask('GET', '/nowhere');
    expectError(answer, 404, 'NOT_FOUND');
    expect(answer.headers.get('X-Powered-By')).toBeNull();
    expect(answer.headers.get('X-Correlation-Id')).toBeTruthy();
    expect(answer.headers.get('Content-Security-Policy')).not.toContain('unsafe');
    expectError(await site.ask('GET', '/api/nowhere', { token }), 404, 'NOT_FOUND');
  });
});

describe('when something is wrong behind it', () => {
  it('answers 503 with Retry-After while the queues are away, and takes jobs again when they are back', async () => {
    const bringBack = await takeQueuesAway(site);
    try {
      const answer = await add({ payload: reminder }, { 'Idempotency-Key': 'once' });
      expectError(answer, 503, 'QUEUE_UNAVAILABLE');
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
    } finally {
      await bringBack();
    }
    expect((await add({ payload: reminder }, { 'Idempotency-Key': 'once' })).status).toBe(202);
  });

  it('answers 503 when the queues are there and too slow, and the same request again is the same job', async () => {
    const client = await site.world.pool.connect();
    const headers = { 'Idempotency-Key': 'slow' };
    const many = { jobs: [{ payload: reminder, options: { delay: 3_600_000 } }, { payload: reminder }] };
    await client.query('begin');
    try {
      await client.query('lock table bullmq.job in exclusive mode');
      const slow = [
        add({ payload: reminder }),
        add({ payload: reminder }, headers),
        add(many, { 'Idempotency-Key': 'many' }, 'email/send-reminder/bulk'),
      ];
      for (const answer of await Promise.all(slow)) {
        // The second where the machine is too busy even to connect.
        expectError(answer, 503, /^(REQUEST_TIMEOUT|QUEUE_UNAVAILABLE)$/);
        expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
      }
    } finally {
      await client.query('rollback');
      client.release();
    }
    // What was not answered may have been done, or be done yet.
    const again = await add({ payload: reminder }, headers);
    expect([200, 202]).toContain(again.status);
    const id = textAt(again.json, 'data.job.id');
    expect(at((await add({ payload: reminder }, headers)).json, 'data.job.id')).toBe(id);
  });

  it('answers a fault of ours with 500 and nothing of our insides', async () => {
    const { pool } = site.world;
    await pool.query('alter schema bullmq rename to bullmq_elsewhere');
    try {
      const answer = await add({ payload: reminder });
      expectError(answer, 500, 'UNKNOWN');
      expect(textAt(answer.json, 'error.message')).toContain(answer.headers.get('X-Correlation-Id'));
      expect(answer.text).not.toContain('bullmq');
    } finally {
      await pool.query('alter schema bullmq_elsewhere rename to bullmq');
    }
  });
});
