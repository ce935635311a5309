import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classify } from '../../src/errors/classify.ts';
import { deadLetterQueueOf } from '../../src/queue/dead-letters.ts';
import { masked } from '../../src/queue/masking/index.ts';
import { type Ask, at, openSite, reminder, type Site, textAt } from '../support/site.ts';

let site: Site;
let token: string;
beforeAll(async () => {
  site = await openSite();
  token = await site.token('operator');
});
afterAll(() => site.close());

const board = (method: string, path: string, request: Ask = {}) =>
  site.ask(method, `/admin/queues${path}`, { token, ...request });

describe('the board', () => {
  it('is for operators', async () => {
    const answer = await board('GET', '/api/queues', { token: await site.token('producer') });
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([403, 'FORBIDDEN']);
    expect((await board('GET', '/static/images/logo.svg', { token: '' })).status).toBe(401);
  });

  it('has every queue, and beside it its dead letters, which it only shows', async () => {
    const answer = await board('GET', '/api/queues');
    const queues = at(answer.json, 'queues');
    if (!Array.isArray(queues)) throw new Error(answer.text);
    expect(queues.map((queue) => [at(queue, 'name'), at(queue, 'readOnlyMode')])).toEqual(
      ['email', 'document', 'sync', 'story-enhancement'].flatMap((name) => [
        [name, false],
        [deadLetterQueueOf(name), true],
      ]),
    );
    expect((await board('PUT', '/api/queues/email-dead-letter/clean/wait')).status).toBe(405);
  });

  it('shows a job and takes it away', async () => {
    const { id } = await site.platform.queues.addUntyped('email', 'send-reminder', reminder);
    const job = await board('GET', `/api/queues/email/${id}`);
    expect(textAt(job.json, 'job.name')).toBe('send-reminder');
    expect((await board('PUT', `/api/queues/email/${id}/clean`)).status).toBe(204);
    expect(await site.platform.queues.job('email', id)).toBeUndefined();
  });

  it('lets nothing into the queues past the checks, and throws no queue away', async () => {
    const { id } = await site.platform.queues.addUntyped('email', 'send-reminder', reminder);
    const body = { name: 'send-reminder', data: { anything: true }, options: {} };
    const closed: [string, string, unknown][] = [
      ['POST', '/api/queues/email/add', body],
      ['PATCH', `/api/queues/email/${id}/update-data`, { jobData: {} }],
      ['PUT', '/api/queues/email/obliterate', { force: true }],
    ];
    for (const [method, path, content] of closed) {
      const answer = await board(method, path, { body: content });
      expect([path, answer.status]).toEqual([path, 403]);
    }
    expect(await site.platform.queues.job('email', id)).toMatchObject({
      payload: reminder,
      state: 'waiting',
    });
  });

  it('masks what is a person’s own in lists, jobs, logs and dead letters, whoever looks', async () => {
    const { id } = await site.platform.queues.addUntyped('email', 'send-reminder', reminder);
    const { queues, deadLetters } = site.platform;
    await queues.queue('email').addJobLog(id, 'to ADA@example.com, and other@example.com');
    const job = await queues.queue('email').getJob(id);
    if (job === undefined) throw new Error('The job is gone.');
    const failure = classify(new Error('550 ada@example.com: no such user'));
    const letter = await deadLetters.put('email', job, 3, failure);
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      const asRole = { token: await site.token(role) };
      const shown = {
        job: await board('GET', `/api/queues/email/${id}`, asRole),
        logs: await board('GET', `/api/queues/email/${id}/logs`, asRole),
        list: await board('GET', '/api/queues?activeQueue=email&status=latest', asRole),
        letter: await board('GET', `/api/queues/email-dead-letter/${letter.id}`, asRole),
        letters: await board('GET', '/api/queues?activeQueue=email-dead-letter&status=waiting', asRole),
        flow: await board('GET', `/api/queues/email/${id}/flow`, asRole),
      };
      for (const [what, answer] of Object.entries(shown)) {
        expect([what, answer.status]).toEqual([what, 200]);
        expect([what, answer.text]).toEqual([what, expect.not.stringMatching(/@example/)]);
      }
      expect(at(shown.job.json, 'job.data.data')).toMatchObject({ userId: 'user-123', email: masked });
      expect(shown.list.text).toContain('Road works');
      expect(shown.logs.json).toEqual([`to ${masked}, and ${masked}`]);
      expect(at(shown.letter.json, 'job.data')).toMatchObject({
        jobId: id,
        payload: { data: { userId: 'user-123', email: masked } },
        error: { message: `550 ${masked}: no such user` },
      });
    }
    const stored = await queues.queue('email').getJob(id);
    expect(JSON.stringify(stored?.data)).toContain('ada@example.com');
  });

  it('is read-only for viewers, and refuses what nobody has looked at', async () => {
    const asViewer = { token: await site.token('viewer') };
    const answer = await board('GET', '/api/queues', asViewer);
    const queues = at(answer.json, 'queues');
    if (!Array.isArray(queues)) throw new Error(answer.text);
    expect(queues.filter((queue) => at(queue, 'readOnlyMode') !== true)).toEqual([]);
    expect((await board('PUT', '/api/queues/email/pause', asViewer)).status).toBe(403);
    expect((await board('GET', '/api/metrics/history')).status).toBe(404);
    expect((await board('GET', '/api/job-schedulers')).json).toEqual({ schedulers: [] });
  });

  it('has headers of its own for its page, and says nothing of the server', async () => {
    const page = await board('GET', '', { headers: { Accept: 'text/html' } });
    expect(page.status).toBe(200);
    const policy = page.headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toContain('unsafe');
    const [, nonce] = /style-src 'self' 'nonce-([\w-]{24})'/.exec(policy) ?? [];
    expect(page.text).toContain(`nonce="${nonce}"`);
    expect(page.text).not.toMatch(/\sstyle=|<style|fonts\.g/);
    const again = await board('GET', '', { headers: { Accept: 'text/html' } });
    expect(again.text).not.toContain(nonce);
    expect(page.headers.get('X-Powered-By')).toBeNull();
    expect((await board('GET', '/nowhere')).status).toBe(404);
  });
});
