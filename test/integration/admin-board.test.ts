import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadLetterQueueOf } from '../../src/queue/dead-letters.ts';
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

  it('has headers of its own for its page, and says nothing of the server', async () => {
    const page = await board('GET', '', { headers: { Accept: 'text/html' } });
    expect(page.status).toBe(200);
    const policy = page.headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self'");
    expect(page.headers.get('X-Powered-By')).toBeNull();
    expect((await board('GET', '/nowhere')).status).toBe(404);
  });
});
