import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents, type SeenEvent } from '../support/event-source.ts';
import { until } from '../support/platform.ts';
import { at, openSite, type Site, textAt } from '../support/site.ts';

const welcome = (name: string) => ({
  type: 'welcome',
  data: { userId: 'u', email: 'ada@example.com', name },
});

/** Where a job waits until a test lets it go on. */
const gates = new Map<string, PromiseWithResolvers<void>>();
const gate = (name: string) => {
  const known = gates.get(name) ?? Promise.withResolvers<void>();
  gates.set(name, known);
  return known;
};

async function open(): Promise<Site> {
  return openSite({
    processors: {
      email: {
        'send-welcome': async ({ data, log, progress }) => {
          const name = textAt(data, 'name');
          log.info({ name }, 'begun');
          progress(40, 'half of it');
          await gate(name).promise;
          if (name === 'fails') throw new Error('no luck');
          log.info({}, 'done');
          return { status: 'sent', provider: 'test' };
        },
      },
    },
  });
}

describe('the events of a job', () => {
  let site: Site;
  let token: string;
  beforeAll(async () => {
    site = await open();
    token = await site.token('producer');
  });
  afterAll(() => site.close());

  const add = async (name: string, options = {}) =>
    textAt(
      (
        await site.ask('POST', '/api/jobs/email/send-welcome', {
          token,
          body: { payload: welcome(name), options },
        })
      ).json,
      'data.job.id',
    );
  const eventsOf = (id: string) => `${site.service.url}/api/jobs/email/${id}/events`;
  const seen = (events: readonly SeenEvent[], kind: string) =>
    events.filter(({ event }) => event === kind).map(({ data }) => data);

  it('are its states, progress and log lines as they come, and its end with the result', async () => {
    const id = await add('first');
    const events = await readEvents(eventsOf(id), token, {
      enough: (so) => {
        // The worker goes on once the stream has told what it did so far.
        if (seen(so, 'log').length === 1 && seen(so, 'progress').some((p) => at(p, 'percent') === 40)) {
          gate('first').resolve();
        }
        return false;
      },
    });
    const states = seen(events, 'state').map((data) => at(data, 'state'));
    expect(states.filter((state) => state !== 'waiting')).toEqual(['active', 'completed']);
    expect(seen(events, 'progress')).toContainEqual({ percent: 40, message: 'half of it' });
    expect(seen(events, 'log')).toEqual([
      { index: 0, line: expect.stringMatching(/Z info begun \{"name":"\[masked\]"\}$/) },
      { index: 1, line: expect.stringMatching(/Z info done$/) },
    ]);
    expect(events.at(-1)).toMatchObject({
      event: 'end',
      data: { job: { id, state: 'completed', result: { status: 'sent', provider: 'test' } } },
    });
    expect(seen(events, 'end')).toHaveLength(1);
  });

  it('go on after the last one that was read, and tell nothing twice', async () => {
    const id = await add('second');
    const first = await readEvents(eventsOf(id), token, {
      enough: (so) =>
        seen(so, 'log').length === 1 && seen(so, 'progress').some((p) => at(p, 'percent') === 40),
    });
    gate('second').resolve();
    await until(
      'it is done',
      async () => (await site.platform.queues.job('email', id))?.state === 'completed',
    );
    const lastEventId = first.at(-1)?.id ?? '';
    const rest = await readEvents(eventsOf(id), token, { lastEventId });
    expect(seen(rest, 'log')).toEqual([{ index: 1, line: expect.stringContaining('done') }]);
    expect(seen(rest, 'progress')).toEqual([{ percent: 100 }]);
    expect(seen(rest, 'state')).toEqual([{ state: 'completed', attempts: { made: 1, max: 3 } }]);
    // A mark that is none begins anew.
    expect(seen(await readEvents(eventsOf(id), token, { lastEventId: 'nonsense' }), 'log')).toHaveLength(2);
  });

  it('end with the failure of a job that failed, and with a job that was cancelled', async () => {
    gate('fails').resolve();
    const failed = await readEvents(eventsOf(await add('fails', { attempts: 1 })), token);
    expect(failed.at(-1)).toMatchObject({
      event: 'end',
      data: { job: { state: 'failed', failure: '[UNKNOWN] no luck' } },
    });
    const id = await add('never', { delay: 600_000 });
    const operator = await site.token('operator');
    let asked: Promise<unknown> | undefined;
    const cancelled = await readEvents(eventsOf(id), token, {
      enough: () => {
        asked ??= site.ask('POST', `/api/jobs/email/${id}/cancel`, { token: operator });
        return false;
      },
    });
    await asked;
    expect(seen(cancelled, 'state').map((data) => at(data, 'state'))).toEqual(['delayed', 'cancelled']);
    expect(cancelled.at(-1)).toMatchObject({ event: 'end', data: { job: { id, state: 'cancelled' } } });
  });

  it('say that the queue has forgotten the job', async () => {
    const id = await add('never', { delay: 600_000 });
    let removed: Promise<unknown> | undefined;
    const events = await readEvents(eventsOf(id), token, {
      enough: () => {
        removed ??= site.platform.queues.queue('email').remove(id);
        return false;
      },
    });
    await removed;
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { job: null } });
  });

  it('are told to whoever may see the job, and are no cached page', async () => {
    const id = await add('third', { delay: 600_000 });
    const stranger = await site.service.issueToken('producer', 1, 'another');
    expect((await site.ask('GET', `/api/jobs/email/${id}/events`, { token: stranger })).status).toBe(404);
    expect((await site.ask('GET', `/api/jobs/email/${id}/events`)).status).toBe(401);
    const ending = new AbortController();
    const response = await fetch(eventsOf(id), {
      headers: { Authorization: `Bearer ${await site.token('viewer')}` },
      signal: ending.signal,
    });
    expect(response.headers.get('Content-Type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    ending.abort();
  });

  it('end when the token is revoked that they were opened with, and others go on', async () => {
    const id = await add('revoked', { delay: 600_000 });
    const admin = await site.token('admin');
    const made = async () => {
      const body = { subject: 'shop', role: 'viewer' };
      const { json } = await site.ask('POST', '/api/tokens', { token: admin, body });
      return { id: textAt(json, 'data.token.id'), secret: textAt(json, 'data.secret') };
    };
    const [gone, kept] = [await made(), await made()];
    const begun = Promise.withResolvers<void>();
    const goesOn = readEvents(eventsOf(id), kept.secret);
    const ended = readEvents(eventsOf(id), gone.secret, {
      enough: () => {
        begun.resolve();
        return false;
      },
    });
    await begun.promise;
    await site.ask('DELETE', `/api/tokens/${gone.id}`, { token: admin });
    expect(seen(await ended, 'end')).toEqual([]);
    await site.ask('POST', `/api/jobs/email/${id}/cancel`, { token: admin });
    expect(seen(await goesOn, 'end')).toHaveLength(1);
  });

  it('are refused to a caller that has too many streams open', async () => {
    const id = await add('fourth', { delay: 600_000 });
    const busy = await site.service.issueToken('viewer', 1, 'busy');
    const ending = new AbortController();
    const open = () =>
      fetch(eventsOf(id), { headers: { Authorization: `Bearer ${busy}` }, signal: ending.signal });
    const answers = await Promise.all(Array.from({ length: 101 }, open));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    const [refused] = answers.filter(({ status }) => status === 429);
    expect(refused?.headers.get('Retry-After')).toBe('5');
    ending.abort();
    await until('there is room again', async () => {
      const again = new AbortController();
      const { status } = await fetch(eventsOf(id), {
        headers: { Authorization: `Bearer ${busy}` },
        signal: again.signal,
      });
      again.abort();
      return status === 200;
    });
  });
});

describe('a service that stops', () => {
  it('ends the streams that are open, and waits for none of them', async () => {
    const site = await open();
    try {
      const token = await site.token('producer');
      const answer = await site.ask('POST', '/api/jobs/email/send-welcome', {
        token,
        body: { payload: welcome('waits'), options: { delay: 600_000 } },
      });
      const id = textAt(answer.json, 'data.job.id');
      let stopped: Promise<void> | undefined;
      const events = await readEvents(`${site.service.url}/api/jobs/email/${id}/events`, token, {
        enough: () => {
          stopped ??= site.service.stop();
          return false;
        },
      });
      await stopped;
      expect(events.map(({ event }) => event)).not.toContain('end');
    } finally {
      await site.close();
    }
  });
});
