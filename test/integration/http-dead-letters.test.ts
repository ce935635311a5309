import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/platform.ts';
import { type Answer, at, openSite, type Site, textAt } from '../support/site.ts';

let site: Site;
let producer: string;
let operator: string;
let viewer: string;
let broken = true;
const ran: string[] = [];

beforeAll(async () => {
  site = await openSite({
    processors: {
      email: {
        'send-welcome': async ({ data }) => {
          const name = textAt(data, 'name');
          if (broken) throw new Error(`Mail to ${name} <${textAt(data, 'email')}> not sent: 503`);
          ran.push(name);
          return { status: 'sent', provider: 'test' };
        },
      },
    },
  });
  [producer, operator, viewer] = await Promise.all([
    site.token('producer', 'shop'),
    site.token('operator', 'ops'),
    site.token('viewer'),
  ]);
});
afterAll(() => site.close());

const ask = (method: string, path: string, body?: unknown, token = operator) =>
  site.ask(method, `/api/dead-letters${path}`, body === undefined ? { token } : { token, body });

/** Adds a job that dies, and gives the id of its letter. */
async function die(name: string): Promise<string> {
  broken = true;
  const payload = { type: 'welcome', data: { userId: 'u', email: `${name}@example.com`, name } };
  const added = await site.ask('POST', '/api/jobs/email/send-welcome', {
    token: producer,
    body: { payload, options: { attempts: 1 } },
  });
  const id = textAt(added.json, 'data.job.id');
  let letter = '';
  await until(`job ${id} is dead`, async () => {
    const { json } = await ask('GET', `?jobId=${id}`);
    letter = String(at(json, 'data.deadLetters.0.id') ?? '');
    const job = await site.platform.queues.job('email', id);
    return letter !== '' && job?.state === 'failed';
  });
  return letter;
}

function expectError(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: at(answer.json, 'error.code') }).toEqual({ status, code });
}

describe('dead letters over HTTP', () => {
  it('lists, groups, opens and replays a letter, with what is sensitive masked', async () => {
    const letter = await die('Ada-Lovelace');
    const { json } = await ask('GET', '?queue=email&words=mail%20sent');
    expect(at(json, 'data.deadLetters')).toEqual([
      {
        id: letter,
        queue: 'email',
        job: 'send-welcome',
        jobId: expect.any(String),
        state: 'open',
        cause: expect.stringMatching(/^[0-9a-f]{16}$/),
        code: 'UNKNOWN',
        message: 'Mail to [masked] <[masked]> not sent: 503',
        attempts: 1,
        addedAt: expect.any(String),
        failedAt: expect.any(String),
        correlationId: expect.any(String),
        addedBy: 'shop',
      },
    ]);
    expect(at(json, 'data.nextCursor')).toBeNull();
    const opened = await ask('GET', `/${letter}`, undefined, viewer);
    expect(at(opened.json, 'data.deadLetter.payload')).toEqual({
      type: 'welcome',
      data: { userId: 'u', email: '[masked]', name: '[masked]' },
    });
    expect(opened.text).not.toMatch(/lovelace/i);
    expectError(await ask('POST', `/${letter}/reveal`), 403, 'FORBIDDEN');
    const clear = await ask('POST', `/${letter}/reveal`, undefined, await site.token('admin'));
    expect(at(clear.json, 'data.deadLetter')).toMatchObject({
      payload: { data: { name: 'Ada-Lovelace' } },
    });
    const groups = await ask('GET', '/groups');
    expect(at(groups.json, 'data.groups')).toMatchObject([
      { queue: 'email', job: 'send-welcome', count: 1, message: 'Mail to [masked] <[masked]> not sent: <n>' },
    ]);
    broken = false;
    const replayed = await ask('POST', `/${letter}/replay`);
    expect(replayed.status).toBe(202);
    expect(at(replayed.json, 'data.deadLetter')).toMatchObject({ state: 'replayed', closedBy: 'ops' });
    const job = textAt(replayed.json, 'data.job.id');
    await until('it ran', async () => ran.includes('Ada-Lovelace'));
    const shown = await site.ask('GET', `/api/jobs/email/${job}`, { token: operator });
    expect(at(shown.json, 'data.job.replayOf')).toBe(letter);
    expectError(await ask('POST', `/${letter}/replay`), 409, 'DEAD_LETTER_CLOSED');
    expect(at((await ask('GET', '')).json, 'data.deadLetters')).toEqual([]);
    expect(at((await ask('GET', '?state=all')).json, 'data.deadLetters.0.state')).toBe('replayed');
  });

  it('replays an edited payload, in which masks stand for what they hide', async () => {
    const letter = await die('Grace');
    const wrong = await ask('POST', `/${letter}/replay`, {
      payload: { type: 'welcome', data: { userId: 7 } },
    });
    expectError(wrong, 400, 'INVALID_PAYLOAD');
    expect(JSON.stringify(at(wrong.json, 'error.details'))).toContain('data.userId');
    const misplaced = {
      type: 'welcome',
      data: { userId: 'u', email: '[masked]', name: 'x', company: '[masked]' },
    };
    expectError(await ask('POST', `/${letter}/replay`, { payload: misplaced }), 400, 'INVALID_PAYLOAD');
    broken = false;
    const payload = { type: 'welcome', data: { userId: 'v', email: '[masked]', name: '[masked]' } };
    const replayed = await ask('POST', `/${letter}/replay`, { payload });
    expect(replayed.status).toBe(202);
    await until('it ran', async () => ran.includes('Grace'));
    const job = await site.platform.queues.job('email', textAt(replayed.json, 'data.job.id'));
    expect(job?.payload).toEqual({
      type: 'welcome',
      data: { userId: 'v', email: 'Grace@example.com', name: 'Grace' },
    });
  });

  it('discards with a reason, and closes the letter of a job that is retried', async () => {
    const [discarded, retried] = [await die('Joan'), await die('Edith')];
    expectError(await ask('DELETE', `/${discarded}`), 400, 'INVALID_REQUEST');
    const answer = await ask('DELETE', `/${discarded}?reason=a%20test`);
    expect(at(answer.json, 'data.deadLetter')).toMatchObject({
      state: 'discarded',
      reason: 'a test',
      closedBy: 'ops',
    });
    const job = textAt((await ask('GET', `/${retried}`)).json, 'data.deadLetter.jobId');
    broken = false;
    await site.ask('POST', `/api/jobs/email/${job}/retry`, { token: operator });
    await until('it ran', async () => ran.includes('Edith'));
    expectError(await ask('POST', `/${retried}/replay`), 409, 'DEAD_LETTER_CLOSED');
    expect(ran.filter((name) => name === 'Edith')).toHaveLength(1);
  });

  it('replays many: dry first, then at a pace, watched to its end', async () => {
    const letters = [await die('one'), await die('two'), await die('three')];
    const cause = textAt((await ask('GET', '/groups')).json, 'data.groups.0.cause');
    const dry = await ask('POST', '/replay', { filter: { cause } });
    expect(dry.status).toBe(200);
    expect(at(dry.json, 'data.preview')).toMatchObject({ total: 3, groups: [{ cause, count: 3 }] });
    expect(at(dry.json, 'data.preview.samples')).toHaveLength(3);
    broken = false;
    const wet = () =>
      site.ask('POST', '/api/dead-letters/replay', {
        token: operator,
        body: { filter: { cause }, dryRun: false, perSecond: 50 },
        headers: { 'Idempotency-Key': 'night-1' },
      });
    const [started, again] = [await wet(), await wet()];
    expect(started.status).toBe(202);
    const id = textAt(started.json, 'data.replay.id');
    expect(at(again.json, 'data.replay.id')).toBe(id);
    expect(at(started.json, 'data.replay')).toMatchObject({
      state: 'running',
      total: 3,
      done: 0,
      requestedBy: 'ops',
    });
    const work = await site.workOff();
    await until(
      'it is done',
      async () => at((await ask('GET', `/replays/${id}`)).json, 'data.replay.state') === 'done',
    );
    await work.stop();
    expect(at((await ask('GET', `/replays/${id}`)).json, 'data.replay')).toMatchObject({
      done: 3,
      failed: 0,
    });
    await until('all ran', async () => ['one', 'two', 'three'].every((name) => ran.includes(name)));
    expect(at((await ask('GET', `/${letters[0]}`)).json, 'data.deadLetter.operation')).toBe(id);
    expect(at((await ask('POST', `/replays/${id}/stop`)).json, 'data.replay.state')).toBe('done');
    expectError(await ask('GET', `/discards/${id}`), 404, 'DEAD_LETTER_OPERATION_NOT_FOUND');
  });

  it('says what is wrong, and lets nobody change anything without the right', async () => {
    const letter = await die('Mary');
    expectError(await ask('GET', '?quueue=email'), 400, 'INVALID_REQUEST');
    expectError(await ask('GET', '?cause=nothing'), 400, 'INVALID_REQUEST');
    expectError(await ask('GET', '?words=%2B%2B'), 400, 'INVALID_REQUEST');
    expectError(await ask('GET', '/dl-none'), 404, 'DEAD_LETTER_NOT_FOUND');
    expectError(await ask('POST', '/replay', { filter: {}, perSecond: 0 }), 400, 'INVALID_REQUEST');
    expectError(await ask('POST', '/discard', { filter: {}, dryRun: false }), 400, 'INVALID_REQUEST');
    expectError(await ask('POST', `/${letter}/replay`, undefined, viewer), 403, 'FORBIDDEN');
    expectError(await ask('POST', '/replay', { filter: {} }, viewer), 403, 'FORBIDDEN');
    expectError(await ask('GET', '', undefined, producer), 403, 'FORBIDDEN');
    const log = await site.audited({ object: `dead-letter:${letter}` });
    expect(log).toMatchObject([{ action: 'dead-letter.replay', outcome: 'refused' }]);
    const bulk = await site.audited({ object: 'dead-letters:filter', subject: 'ops' });
    expect(bulk).toContainEqual(
      expect.objectContaining({
        outcome: 'done',
        detail: expect.objectContaining({ dryRun: false, total: 3 }),
      }),
    );
  });

  it('lists page by page, each letter once', async () => {
    const letters = [await die('Ada-Lovelace'), await die('Grace-Hopper'), await die('Joan-Clarke')];
    const seen: unknown[] = [];
    let cursor: unknown = '';
    for (let page = 0; cursor !== null; page += 1) {
      const { json } = await ask('GET', `?state=open&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const found = at(json, 'data.deadLetters');
      seen.push(...(Array.isArray(found) ? found : []).map((letter) => at(letter, 'id')));
      cursor = at(json, 'data.nextCursor');
      expect(page).toBeLessThan(20);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.slice(0, 3)).toEqual(letters.toReversed());
  });
});
