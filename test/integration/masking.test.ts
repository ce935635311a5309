import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { masked } from '../../src/queue/masking/index.ts';
import { until } from '../support/platform.ts';
import { at, openSite, type Site, textAt } from '../support/site.ts';

/** What must be seen by nobody but admins and whoever added the job. */
const person = /ada@|lovelace/i;
const welcome = { type: 'welcome', data: { userId: 'u-1', email: 'Ada@example.com', name: 'Ada Lovelace' } };

let site: Site;
let id: string;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  site = await openSite({
    processors: {
      email: {
        'send-welcome': async ({ log, progress }) => {
          log.info({ to: 'ada@example.com', list: [new Error('Ada Lovelace')] }, 'writing to Ada Lovelace');
          progress(40, 'to ada@example.com');
          throw new UnrecoverableError('550 <ada@example.com>: "Ada Lovelace" is unknown', {
            code: 'MAIL_REJECTED',
            details: [{ path: 'Ada Lovelace', message: 'ada@example.com' }],
          });
        },
        'send-document': async () => ({
          status: 'suppressed',
          provider: 'test',
          reason: 'ADA@EXAMPLE.COM bounced',
        }),
      },
    },
  });
  for (const role of ['producer', 'viewer', 'operator', 'admin'] as const)
    tokens[role] = await site.token(role);
  id = await add('send-welcome', welcome);
  await until('the job has failed', async () => at((await get('admin')).json, 'data.job.state') === 'failed');
});
afterAll(() => site.close());

async function add(name: string, payload: unknown): Promise<string> {
  const answer = await ask('POST', `email/${name}`, 'producer', { payload });
  return textAt(answer.json, 'data.job.id');
}

function ask(method: string, path: string, role: string, body?: unknown) {
  const token = tokens[role] ?? '';
  return site.ask(method, `/api/jobs/${path}`, { token, ...(body === undefined ? {} : { body }) });
}

const get = (role: string, job = id) => ask('GET', `email/${job}`, role);

describe('a job that holds what is a person’s own', () => {
  it.each(['viewer', 'operator', 'admin'])(
    'is shown masked to a %s: payload, failure, logs, progress',
    async (role) => {
      const { text, json } = await get(role);
      expect(text).not.toMatch(person);
      expect(at(json, 'data.job')).toMatchObject({
        payload: { type: 'welcome', data: { userId: 'u-1', email: masked, name: masked } },
        failure: `[MAIL_REJECTED] 550 <${masked}>: "${masked}" is unknown`,
        progress: { percent: 40, message: `to ${masked}` },
        logs: [expect.stringContaining(`writing to ${masked}`)],
      });
    },
  );

  it('is shown as it was given to the service that gave it', async () => {
    expect(at((await get('producer')).json, 'data.job.payload')).toEqual(welcome);
  });

  it('is masked for whoever bears the same name in another role', async () => {
    const token = await site.token('operator', 'producer');
    expect((await site.ask('GET', `/api/jobs/email/${id}`, { token })).text).not.toMatch(person);
  });

  it('is masked in its events, and in clear in those of its own service', async () => {
    const watch = async (role: string) => (await ask('GET', `email/${id}/events`, role)).text;
    expect(await watch('operator')).toContain('event: end');
    expect(await watch('operator')).not.toMatch(person);
    expect(await watch('producer')).toMatch(person);
  });

  it('has no value of its payload in what is recorded of its failure', async () => {
    const job = await site.platform.queues.queue('email').getJob(id);
    expect(`${job?.failedReason} ${job?.stacktrace?.join()}`).not.toMatch(person);
    const [letter] = await site.platform.deadLetters.list('email');
    expect(letter?.error.details).toEqual([{ path: masked, message: masked }]);
    expect(JSON.stringify(letter?.error)).not.toMatch(person);
    expect(JSON.stringify(letter?.payload)).toMatch(person);
  });

  it('has what its result quotes masked', async () => {
    await site.world.database.documents.save({
      ...{
        id: 'd-1',
        jobKey: 'document.1',
        userId: undefined,
        kind: 'analytics',
        format: 'pdf',
        title: 'A report',
      },
      ...{ fileName: 'report.pdf', contentType: 'application/pdf', bytes: 1, pages: 1, rows: undefined },
      ...{ sha256: '0'.repeat(64), storageKey: 'reports/d-1.pdf' },
    });
    const sent = await add('send-document', {
      type: 'document-ready',
      data: {
        userId: 'u-1',
        email: 'ada@example.com',
        documentId: 'd-1',
        title: 'Report for ada@example.com',
      },
    });
    await until(
      'the job has ended',
      async () => at((await get('admin', sent)).json, 'data.job.state') === 'completed',
    );
    expect((await get('operator', sent)).text).not.toMatch(person);
    expect(at((await get('operator', sent)).json, 'data.job.result')).toEqual({
      status: 'suppressed',
      provider: 'test',
      reason: `${masked} bounced`,
    });
  });

  it('is masked in the answers to what operators do to it', async () => {
    const delayed = await ask('POST', 'email/send-welcome', 'operator', {
      payload: welcome,
      options: { delay: 600_000 },
    });
    const job = textAt(delayed.json, 'data.job.id');
    const promoted = await ask('POST', `email/${job}/promote`, 'operator');
    expect(promoted.status).toBe(202);
    await until(
      'the job has ended',
      async () => at((await get('admin', job)).json, 'data.job.state') === 'failed',
    );
    const retried = await ask('POST', `email/${job}/retry`, 'operator');
    expect(retried.status).toBe(202);
    expect(`${promoted.text}${retried.text}`).not.toMatch(person);
    const other = await ask('POST', 'email/send-welcome', 'operator', {
      payload: welcome,
      options: { delay: 600_000 },
    });
    const cancelled = await ask('POST', `email/${textAt(other.json, 'data.job.id')}/cancel`, 'operator');
    expect(cancelled.status).toBe(200);
    expect(cancelled.text).not.toMatch(person);
  });
});

describe('revealing a job', () => {
  const reveals = () => site.audited({ action: 'job.reveal' });

  it('shows an admin all of it, and stands in the audit log before it is shown', async () => {
    const revealed = await ask('POST', `email/${id}/reveal`, 'admin');
    expect(revealed.status).toBe(200);
    expect(at(revealed.json, 'data.job.payload')).toEqual(welcome);
    const [entry] = await reveals();
    expect(entry).toMatchObject({ subject: 'admin', object: `job:email/${id}`, outcome: 'done' });
  });

  it.each(['producer', 'viewer', 'operator'])(
    'is refused to a %s, which stands in the log, too',
    async (role) => {
      const refused = await ask('POST', `email/${id}/reveal`, role);
      expect(refused.status).toBe(403);
      expect(refused.text).not.toMatch(person);
      await until('the outcome is in the log', async () => (await reveals())[0]?.outcome === 'refused');
      expect((await reveals())[0]).toMatchObject({ subject: role });
    },
  );
});
