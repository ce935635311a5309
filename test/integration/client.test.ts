import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  createClient,
  JobFailedError,
  type JobState,
  RefusedError,
  UnansweredError,
} from '../../src/client/index.ts';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { listen } from '../../src/http/listener.ts';
import type { Service } from '../../src/lifecycle/service.ts';
import type { RunContext } from '../../src/worker/run-context.ts';
import { at, openSite, reminder, type Site, textAt } from '../support/site.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const welcome = {
  type: 'welcome',
  data: { userId: 'user-1', email: 'ada@example.com', name: 'Ada' },
} as const;
const sent = { status: 'sent', provider: 'outbox', messageId: 'm-1' } as const;
const later = { delay: 3_600_000 };

let site: Site;
let token: string;
let proxy: TcpProxy;
let working: Service;
/** Holds jobs back until their test lets them go. */
let gate = Promise.withResolvers<void>();
let started = Promise.withResolvers<void>();

beforeAll(async () => {
  site = await openSite({
    processors: { email: { 'send-welcome': work, 'send-reminder': refuse } },
  });
  token = await site.token('operator');
  proxy = await startTcpProxy(site.service.url);
  working = await site.workOff();
});
afterAll(async () => {
  await working.stop();
  await proxy.close();
  await site.close();
});
beforeEach(() => {
  gate = Promise.withResolvers();
  started = Promise.withResolvers();
});

async function work({ log, progress, signal }: RunContext): Promise<unknown> {
  log.info({}, 'Asking the provider');
  progress(30, 'Asked');
  started.resolve();
  await Promise.race([gate.promise, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
  signal.throwIfAborted();
  log.info({}, 'The provider has taken it');
  return sent;
}

async function refuse({ data }: RunContext): Promise<unknown> {
  if (textAt(data, 'email') === 'mended@example.com') return sent;
  throw new UnrecoverableError('There is no such mailbox.', { code: 'MAIL_REJECTED' });
}

const client = (more: Partial<Parameters<typeof createClient>[0]> = {}) =>
  createClient({ url: proxy.url, token, pauseMs: 10, ...more });

async function jobsOf(queue: string): Promise<number> {
  const counts = await site.platform.queues.counts(queue);
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

describe('adding', () => {
  it('gives the job, and the platform’s own words when it refuses', async () => {
    const job = await client().addJob(
      'sync',
      'refresh-analytics',
      { type: 'refresh-analytics', data: {} },
      later,
    );
    expect(job).toMatchObject({ queue: 'sync', name: 'refresh-analytics', state: 'delayed', created: true });
    const bad = { ...reminder, data: { ...reminder.data, email: 'nobody' } };
    const refused = await client()
      .addUntyped('email', 'send-reminder', bad)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RefusedError);
    expect(refused).toMatchObject({
      code: 'INVALID_PAYLOAD',
      status: 400,
      details: [{ path: 'data.email' }],
      correlationId: expect.stringMatching(/./),
    });
  });

  it('makes one job when the line breaks after the platform has accepted it', async () => {
    const before = await jobsOf('document');
    proxy.loseAnswers(2);
    const payload = { type: 'dispatch-weekly-reports', data: {} } as const;
    const job = await client().addJob('document', 'dispatch-weekly-reports', payload, later);
    expect(job).toMatchObject({ state: 'delayed', created: true });
    expect(await jobsOf('document')).toBe(before + 1);
    proxy.loseAnswers(1);
    const jobs = Array.from({ length: 5 }, () => ({ payload, options: later }));
    const many = await client().addJobs('document', 'dispatch-weekly-reports', jobs);
    expect(new Set(many.map(({ id }) => id)).size).toBe(5);
    expect(await jobsOf('document')).toBe(before + 6);
  });

  it('knows its caller’s key', async () => {
    const add = () =>
      client().addJob(
        'sync',
        'cleanup-data',
        { type: 'cleanup-data', data: {} },
        { ...later, idempotencyKey: 'k-1' },
      );
    const [first, second] = [await add(), await add()];
    expect(second).toEqual({ ...first, created: false });
  });

  it('gives up when its signal says so, also between two tries', async () => {
    const ending = new AbortController();
    proxy.loseAnswers(1_000);
    const added = client({ tries: 1_000 }).addUntyped('email', 'send-welcome', welcome, {
      signal: ending.signal,
    });
    ending.abort(new Error('Enough.'));
    await expect(added).rejects.toThrow('Enough.');
    proxy.loseAnswers(0);
  });
});

describe('waiting', () => {
  it('gives the result, and tells of progress and logs on the way', async () => {
    const seen: unknown[] = [];
    const job = await client().addJob('email', 'send-welcome', welcome);
    const waiting = client().waitFor(job, {
      onProgress: ({ percent }) => {
        seen.push(percent);
        // What a job says at its end may come as its end alone.
        if (percent === 30) gate.resolve();
      },
      onLog: (line) => seen.push(line),
    });
    expect((await waiting).result).toEqual(sent);
    expect(seen).toContain(30);
    expect(seen.filter((each) => String(each).includes('taken it'))).toHaveLength(1);
  });

  it('goes on where a stream broke off, and hears nothing twice', async () => {
    const lines: string[] = [];
    const heard = Promise.withResolvers<void>();
    const job = await client().addJob('email', 'send-welcome', welcome);
    const waiting = client({ tries: 100 }).waitFor(job, {
      onLog: (line) => {
        lines.push(line);
        heard.resolve();
      },
    });
    await heard.promise;
    await proxy.cut();
    gate.resolve();
    await proxy.resume();
    expect((await waiting).state).toBe('completed');
    expect(lines.filter((line) => line.includes('Asking the provider'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('taken it'))).toHaveLength(1);
  });

  it('asks now and then where events do not come through', async () => {
    const states: JobState[] = [];
    const withoutEvents: typeof fetch = async (input, init) =>
      String(input).endsWith('/events') ? new Response('<h1>No streams here</h1>') : fetch(input, init);
    const job = await client().addJob('email', 'send-welcome', welcome);
    gate.resolve();
    const ended = await client({ fetch: withoutEvents }).waitFor(job, {
      onState: (state) => states.push(state),
    });
    expect(ended.result).toEqual(sent);
    expect(states.at(-1)).toBe('completed');
  });

  it('throws what a job failed of, and what became of one that was cancelled', async () => {
    const failed = await client().addUntyped('email', 'send-reminder', reminder);
    const error = await client()
      .waitFor(failed)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(JobFailedError);
    expect(error).toMatchObject({
      code: 'MAIL_REJECTED',
      message: 'There is no such mailbox.',
      job: { id: failed.id },
    });
    const running = await client().addJob('email', 'send-welcome', welcome);
    await started.promise;
    const waiting = client()
      .waitFor(running)
      .catch((thrown: unknown) => thrown);
    await client().cancel(running);
    expect(await waiting).toMatchObject({ code: 'JOB_CANCELLED', job: { state: 'cancelled' } });
  });

  it('waits no longer than it was told to, or than its signal says; the job goes on', async () => {
    const job = await client().addJob('email', 'send-welcome', welcome);
    await expect(client().waitFor(job, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
    const ending = AbortSignal.abort(new Error('Enough.'));
    await expect(client().waitFor(job, { signal: ending })).rejects.toThrow('Enough.');
    gate.resolve();
    expect((await client().waitFor(job)).state).toBe('completed');
  });

  it('says of a job that never was that there is none', async () => {
    await expect(client().waitFor({ queue: 'email', id: 'nothing' })).rejects.toMatchObject({
      code: 'JOB_NOT_FOUND',
      status: 404,
    });
  });
});

describe('steering', () => {
  it('promotes, retries, cancels, and shows jobs', async () => {
    const job = await client().addUntyped('email', 'send-reminder', reminder, later);
    await client().promote(job);
    await client().watch(job);
    expect(await client().getJob(job)).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('[MAIL_REJECTED]'),
    });
    await client().retry(job);
    expect(await client().watch(job)).toMatchObject({ attempts: { made: 2 } });
    await expect(client().promote(job)).rejects.toMatchObject({ code: 'JOB_STATE_CONFLICT' });
  });

  it('shows queues, pauses and resumes them', async () => {
    expect(await client().pauseQueue('sync')).toMatchObject({ name: 'sync', paused: true });
    expect((await client().resumeQueue('sync')).paused).toBe(false);
    expect((await client().queue('email')).counts).toHaveProperty('waiting');
    expect((await client().queues()).map(({ name }) => name)).toContain('document');
  });
});

describe('dead letters', () => {
  /** Lets jobs die under a correlation id, and gives their letters. */
  async function die(count: number, correlationId: string) {
    const options = { attempts: 1, correlationId };
    for (let made = 0; made < count; made += 1)
      await client().watch(await client().addUntyped('email', 'send-reminder', reminder, options));
    const { deadLetters } = await client().deadLetters.list({ code: 'MAIL_REJECTED' });
    return deadLetters.filter((letter) => letter.correlationId === correlationId);
  }

  it('are listed, grouped, opened, replayed edited, and discarded', async () => {
    const letters = await die(2, 'one-by-one');
    const [one, other] = letters.map(({ id }) => id);
    const page = await client().deadLetters.list({ queue: 'email', limit: 1, from: new Date(0) });
    expect(page.deadLetters).toHaveLength(1);
    const more = await client().deadLetters.list({ limit: 1, cursor: page.nextCursor ?? '' });
    expect(more.deadLetters[0]?.id).not.toBe(page.deadLetters[0]?.id);
    const [cause] = await client().deadLetters.groups({ code: 'MAIL_REJECTED' });
    expect(cause).toMatchObject({ queue: 'email', job: 'send-reminder', cause: letters[0]?.cause });
    expect(await client().deadLetters.get(one ?? '')).toMatchObject({ payload: { data: {} } });

    const payload = { ...reminder, data: { ...reminder.data, email: 'mended@example.com' } };
    const job = await client().deadLetters.replay(one ?? '', { payload });
    expect((await client().waitFor(job)).result).toEqual(sent);
    const closed = await client().deadLetters.discard(other ?? '', { reason: 'a test' });
    expect(closed).toMatchObject({ state: 'discarded', reason: 'a test' });
    await expect(client().deadLetters.replay(other ?? '')).rejects.toMatchObject({
      code: 'DEAD_LETTER_CLOSED',
    });
    await expect(client().deadLetters.get('nothing')).rejects.toMatchObject({ status: 404 });
  });

  it('are replayed and discarded by a filter: tried dry, begun once however the line breaks, followed', async () => {
    await die(3, 'many');
    const filter = { queue: 'email', code: 'MAIL_REJECTED' };
    const { total } = await client().deadLetters.previewReplay(filter);
    expect((await client().deadLetters.previewDiscard(filter, { reason: 'a test' })).total).toBe(total);
    proxy.loseAnswers(2);
    const begun = await client().deadLetters.replayAll(filter, { perSecond: 500 });
    const seen: number[] = [];
    const ended = await client().deadLetters.follow(begun, { onProgress: ({ done }) => seen.push(done) });
    expect(ended).toMatchObject({ kind: 'replay', state: 'done', total, done: total, failed: 0 });
    expect(seen.at(-1)).toBe(total);
    expect(await client().deadLetters.operations()).toHaveLength(1);

    await die(1, 'last');
    const slow = await client().deadLetters.replayAll(filter, { perSecond: 0.1 });
    expect(await client().deadLetters.stop(slow)).toMatchObject({ id: slow.id });
    expect((await client().deadLetters.follow(slow)).state).not.toBe('running');
    const rest = await client().deadLetters.discardAll(filter, { reason: 'a test' });
    expect((await client().deadLetters.follow(rest)).state).toBe('done');
    expect((await client().deadLetters.previewReplay(filter)).total).toBe(0);
  });
});

describe('schedules', () => {
  it('are listed, run once however the line breaks, paused, resumed and filled in', async () => {
    const { schedules } = client();
    expect((await schedules.list()).map(({ name }) => name)).toContain('data-cleanup');
    const before = await jobsOf('sync');
    proxy.loseAnswers(2);
    expect(await schedules.run('data-cleanup')).toMatchObject({ queue: 'sync' });
    expect(await jobsOf('sync')).toBe(before + 1);
    expect((await schedules.pause('data-cleanup')).enabled).toBe(false);
    expect((await schedules.resume('data-cleanup')).enabled).toBe(true);
    const span = { from: '2026-11-01', to: new Date('2026-11-02T12:00Z') };
    expect(await schedules.backfill('email-reminders', span)).toMatchObject({ missing: 2, made: 0 });
    const filled = await schedules.backfill('email-reminders', { ...span, dryRun: false, perSecond: 50 });
    expect(filled).toMatchObject({ made: 2, dryRun: false });
    expect((await schedules.get('email-reminders')).queue).toBe('email');
    await expect(schedules.pause('nothing')).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
  });
});

it('asks for anything else by its path', async () => {
  const { status, data } = await client().request({ method: 'GET', path: '/stories/scoring/stats' });
  expect([status, at(data, 'stats.totalJobs')]).toEqual([200, expect.any(Number)]);
});

/** A server that says what it is told to, one answer after the other. */
async function scripted(...answers: ((response: ServerResponse) => void)[]) {
  const asked: IncomingMessage[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request);
    request.resume();
    answers[Math.min(asked.length, answers.length) - 1]?.(response);
  };
  const listener = await listen(answer, '127.0.0.1', 0);
  onTestFinished(() => listener.close(0));
  return { url: `http://127.0.0.1:${listener.port}`, asked };
}

const json =
  (status: number, body: object, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
const refusal = (status: number, code: string, headers?: Record<string, string>) =>
  json(status, { success: false, error: { code, message: code } }, headers);
const accepted = json(202, {
  success: true,
  data: { job: { id: 'j-1', queue: 'email', name: 'send-welcome', state: 'waiting' } },
});

describe('what may pass', () => {
  it('is tried again with the same key: 429, 503, what a proxy says, a line that breaks', async () => {
    const { url, asked } = await scripted(
      refusal(429, 'RATE_LIMITED', { 'Retry-After': '0' }),
      refusal(503, 'QUEUE_UNAVAILABLE', { 'Retry-After': '0' }),
      (response) => response.writeHead(502).end('<h1>Bad gateway</h1>'),
      (response) => response.destroy(),
      accepted,
    );
    const job = await client({ url }).addJob('email', 'send-welcome', welcome);
    expect(job.id).toBe('j-1');
    expect(asked).toHaveLength(5);
    const keys = new Set(asked.map(({ headers }) => headers['idempotency-key']));
    expect([keys.size, [...keys][0]?.length]).toEqual([1, 32]);
  });

  it('waits as long as it is asked to', async () => {
    const { url, asked } = await scripted(refusal(429, 'RATE_LIMITED', { 'Retry-After': '1' }), accepted);
    const began = performance.now();
    await client({ url }).addJob('email', 'send-welcome', welcome);
    expect(performance.now() - began).toBeGreaterThan(990);
    expect(asked).toHaveLength(2);
  });

  it('is told to the caller when the wait would be long, or the tries are used up', async () => {
    const long = await scripted(refusal(429, 'RATE_LIMITED', { 'Retry-After': '3600' }));
    await expect(client({ url: long.url }).queues()).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 3_600_000,
    });
    expect(long.asked).toHaveLength(1);
    const away = await scripted(refusal(503, 'QUEUE_UNAVAILABLE', { 'Retry-After': '0' }));
    await expect(client({ url: away.url, tries: 3 }).queues()).rejects.toMatchObject({ status: 503 });
    expect(away.asked).toHaveLength(3);
  });

  it('is not everything: what is refused for good is asked once, and a retry of unknown outcome too', async () => {
    const gone = await scripted(refusal(404, 'JOB_NOT_FOUND'));
    await expect(client({ url: gone.url }).getJob({ queue: 'email', id: 'x' })).rejects.toMatchObject({
      code: 'JOB_NOT_FOUND',
    });
    expect(gone.asked).toHaveLength(1);
    const broken = await scripted((response) => response.destroy());
    const error = await client({ url: broken.url })
      .retry({ queue: 'email', id: 'x' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnansweredError);
    expect(at(error, 'code')).toBe('NETWORK');
    expect(broken.asked).toHaveLength(1);
  });

  it('takes a token that is made anew', async () => {
    let made = 0;
    const { url, asked } = await scripted(
      refusal(503, 'NOT_READY', { 'Retry-After': '0' }),
      json(200, { success: true, data: { queues: [] } }),
    );
    await client({ url, token: async () => `token-${++made}` }).queues();
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
  });
});
