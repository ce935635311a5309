import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { JobRecorder } from '../../src/job-index/recorder.ts';
import { createIndexWriter } from '../../src/job-index/writer.ts';
import { createValidatedMask } from '../../src/queue/masking/index.ts';
import { faultsOfPage, type SignedIn, signIn } from '../support/check-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/platform.ts';
import { openSite, type Site } from '../support/site.ts';

const hostile = `</pre><script>window.hostile = 1</script><img src=x onerror="window.hostile = 1">`;
const analytics = { type: 'refresh-analytics', data: {} } as const;
const welcome = (name: string) => ({
  type: 'welcome' as const,
  data: { userId: 'user-1', email: 'ada@example.com', name },
});

let site: Site;
let browser: Browser;
let operator: SignedIn;
let writer: ReturnType<typeof createIndexWriter>;
/** Lets the job go that the test watches. */
let release: (() => void) | undefined;

beforeAll(async () => {
  [site, browser] = await Promise.all([
    openSite({
      processors: {
        email: {
          'send-welcome': async () => {
            throw new UnrecoverableError(`The box ${hostile} is full.`, { code: 'MAIL_REJECTED' });
          },
        },
        sync: {
          'refresh-analytics': async ({ progress, log, addJob }) => {
            progress(40, `Halfway ${hostile}`);
            log.info({}, `read ${hostile}`);
            await new Promise<void>((resolve) => {
              release = resolve;
            });
            await addJob('email', 'send-welcome', welcome('Child'));
            return { refreshed: [], durationMs: 1, refreshedAt: '2026-05-01T00:00:00.000Z' };
          },
        },
      },
    }),
    launchChromium(),
  ]);
  const { events } = site.platform;
  writer = createIndexWriter({
    recorder: new JobRecorder(events, { mask: createValidatedMask() }),
    index: site.world.database.jobIndex,
    events,
    onError: (error) => {
      throw error;
    },
    intervalMs: 50,
    openLoad: () => () => 0,
  });
  await writer.start();
  operator = await signIn(browser, site);
});
afterAll(async () => {
  release?.();
  await browser?.close();
  await writer?.stop();
  await site?.close();
});

const open = ({ page }: SignedIn, path: string) => page.goto(`${site.service.url}${path}`);
const later = { delay: 3_600_000 };
/** As if the tab were put behind others, or in front of them again. */
const seen = (page: Page, isSeen: boolean) =>
  page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, value: ${!isSeen} });
    document.dispatchEvent(new Event('visibilitychange'))`);
const heard = ({ page }: SignedIn) => page.evaluate('typeof window.hostile');
const isWritten = (queue: string, id: string, state: string) =>
  until(
    `${id} is ${state} in the index`,
    async () => (await site.world.database.jobIndex.find(queue, id))?.state === state,
  );

async function failedJob(options = {}): Promise<string> {
  const { id } = await site.platform.queues.addJob('email', 'send-welcome', welcome(hostile), options);
  await isWritten('email', id, 'failed');
  await until(
    'its queue knows',
    async () => (await site.platform.queues.job('email', id))?.state === 'failed',
  );
  return id;
}

describe('the search', () => {
  it('finds a job by a word of its failure, and leads to it', async () => {
    const id = await failedJob({ correlationId: 'night-1', tenant: `t-${hostile}`, addedBy: 'shop' });
    const { page } = operator;
    await open(operator, '/admin/search');
    await page.getByLabel('Words').fill('BOX full');
    await page.getByLabel('State').selectOption('failed');
    await page.getByRole('button', { name: 'Search' }).click();
    const row = page.getByRole('row').filter({ hasText: id });
    await row.getByText('MAIL_REJECTED').waitFor();
    expect(await faultsOfPage(operator)).toEqual([]);
    await row.getByRole('link', { name: 'send-welcome' }).click();
    await page.getByRole('heading', { level: 1, name: `send-welcome ${id}` }).waitFor();
    await page.getByText('[MAIL_REJECTED]').first().waitFor();
    expect(await page.getByText('ada@example.com').count()).toBe(0);
    expect(await faultsOfPage(operator)).toEqual([]);
    expect(await heard(operator)).toBe('undefined');
    await page.getByRole('link', { name: 'night-1' }).click();
    await page.getByRole('row').filter({ hasText: id }).waitFor();
  });

  it('says that jobs may be missing when many are still to be written', async () => {
    const { page } = operator;
    const { jobIndex } = site.world.database;
    const told = page.getByText('not all can be found yet');
    await open(operator, '/admin/search');
    expect(await told.count()).toBe(0);
    await jobIndex.leave([{ queue: 'email', jobs: 5, sorted: false, forMs: 120_000 }]);
    await open(operator, '/admin/search');
    await told.waitFor();
    expect(await faultsOfPage(operator)).toEqual([]);
    await site.world.pool.query('truncate job_index_left');
  });

  it('says what is wrong with a question, and that nothing fits', async () => {
    const { page } = operator;
    await open(operator, '/admin/search?q=nosuchword');
    await page.getByText('No job fits this.').waitFor();
    const refused = await open(operator, '/admin/search?q=ab*');
    expect(refused?.status()).toBe(400);
    await page.getByText('needs 3 letters').waitFor();
    expect(await page.getByLabel('Words').inputValue()).toBe('ab*');
    expect(await page.getByLabel('Words').getAttribute('aria-invalid')).toBe('true');
    // The browser complains of the 400 itself.
    operator.complaints.length = 0;
    expect(await faultsOfPage(operator)).toEqual([]);
  });
});

describe('the page of a job', () => {
  it('follows a job that runs to its end, without being loaded again', async () => {
    const { id } = await site.platform.queues.addJob('sync', 'refresh-analytics', analytics);
    await until('it runs', async () => release !== undefined);
    const { page } = operator;
    await open(operator, `/admin/jobs/sync/${id}`);
    await page.getByText('active', { exact: true }).waitFor();
    await page.getByText('40 %').first().waitFor();
    await page.evaluate('window.same = true');
    release?.();
    await page.getByText('completed', { exact: true }).waitFor();
    await page.getByRole('heading', { name: 'Result' }).waitFor();
    await page.getByText(`read ${hostile}`).waitFor();
    expect(await page.evaluate('window.same')).toBe(true);
    expect(await heard(operator)).toBe('undefined');
    let child = '';
    await until('its child is in the index', async () => {
      const [found] = await site.world.database.jobIndex.search({ parent: `sync/${id}` }, 1);
      child = found?.jobId ?? '';
      return child !== '';
    });
    await open(operator, `/admin/jobs/email/${child}`);
    await page.getByRole('link', { name: `sync/${id}` }).click();
    await page.getByRole('table', { name: 'Jobs that it added' }).getByText('send-welcome').waitFor();
    expect(await faultsOfPage(operator)).toEqual([]);
  });

  it('holds a stream only while somebody sees it, and leaves room for many tabs', async () => {
    const { id } = await site.platform.queues.addJob('email', 'send-welcome', welcome('later'), later);
    const path = `${site.service.url}/admin/jobs/email/${id}`;
    const tabs: Page[] = [];
    const streaming = new Set<Page>();
    const isStream = (request: Request) => request.url().endsWith('/events');
    for (let n = 0; n < 8; n += 1) {
      const tab = await operator.context.newPage();
      tabs.push(tab);
      tab.on('request', (request) => {
        if (isStream(request)) streaming.add(tab);
      });
      await tab.goto(path);
      await tab.getByText('delayed', { exact: true }).waitFor();
    }
    await expect.poll(() => streaming.size).toBe(4);
    const first = tabs.find((tab) => streaming.has(tab));
    const last = tabs.findLast((tab) => !streaming.has(tab));
    if (first === undefined || last === undefined) throw new Error('There are no tabs.');
    const closed = first.waitForEvent('requestfailed', isStream);
    await seen(first, false);
    await closed;
    // The place that is free is taken by a tab that somebody looks at.
    const opened = last.waitForRequest(isStream);
    await seen(last, true);
    await opened;
    for (const tab of tabs) await tab.close();
  });

  it('says that the server does not answer, and goes on when it does', async () => {
    const { id } = await site.platform.queues.addJob('email', 'send-welcome', welcome('later'), later);
    const { page, context } = operator;
    await open(operator, `/admin/jobs/email/${id}`);
    await page.getByText('delayed', { exact: true }).waitFor();
    await page.evaluate('window.same = true');
    await context.setOffline(true);
    await seen(page, true);
    await page.getByRole('status').getByText('does not answer').waitFor();
    await context.setOffline(false);
    await site.platform.queues
      .queue('email')
      .getJob(id)
      .then((job) => job?.promote());
    await page.getByText('failed', { exact: true }).first().waitFor();
    await page.getByRole('status').getByText('Updated every').waitFor();
    expect(await page.evaluate('window.same')).toBe(true);
    operator.complaints.length = 0;
  });

  it('is left open over a sign-out: says so, does nothing, and leads back through the sign-in', async () => {
    const { id } = await site.platform.queues.addJob('email', 'send-welcome', welcome('later'), later);
    const someone = await signIn(browser, site);
    const { page, context } = someone;
    await open(someone, `/admin/jobs/email/${id}`);
    const elsewhere = await context.newPage();
    await elsewhere.goto(`${site.service.url}/admin/sign-out`);
    await elsewhere.getByRole('button', { name: 'Sign out', exact: true }).click();
    await elsewhere.getByLabel('Token of').waitFor();
    await seen(page, true);
    await page.getByRole('status').getByText('No longer up to date').waitFor();
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('alert').getByText('nothing was done').waitFor();
    expect((await site.platform.queues.job('email', id))?.state).toBe('delayed');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByLabel('Token of').fill(await site.token('operator'));
    await page.getByRole('button', { name: 'Sign in with the token' }).click();
    await page.getByRole('heading', { level: 1, name: `send-welcome ${id}` }).waitFor();
    await context.close();
  });

  it('runs a job again as it was, or edited, and says what does not fit', async () => {
    const id = await failedJob();
    const { page } = operator;
    const address = `/admin/jobs/email/${id}`;
    await open(operator, address);
    await page.getByText('Run again with an edited payload').click();
    // What an operator does not see keeps its value.
    expect(await page.getByLabel('email', { exact: true }).inputValue()).toBe('[masked]');
    await page.getByLabel('userId', { exact: true }).fill('user 2');
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByText('data.userId').first().waitFor();
    expect(await page.getByLabel('userId', { exact: true }).inputValue()).toBe('user 2');
    operator.complaints.length = 0;
    await page.getByLabel('userId', { exact: true }).fill('user-2');
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByText(`new run of job ${id}`).waitFor();
    const made = decodeURIComponent(page.url().split('/').at(-1) ?? '');
    expect(made).not.toBe(id);
    const job = await site.platform.queues.job('email', made);
    expect(job?.payload).toEqual({
      ...welcome(hostile),
      data: { ...welcome(hostile).data, userId: 'user-2' },
    });
    expect(job?.addedBy).toMatch(/^operator/);
    await isWritten('email', made, 'failed');
    await page.reload();
    await page.getByRole('link', { name: `email/${id}` }).click();
    await page.getByRole('table', { name: 'Further runs of it' }).getByText(made, { exact: true }).waitFor();
    const [entry] = await site.audited({ action: 'job.rerun' });
    expect(entry).toMatchObject({ object: `job:email/${id}`, outcome: 'done', detail: { job: made } });
  });

  it('retries, promotes and cancels, each in the audit log', async () => {
    const { page } = operator;
    const { id } = await site.platform.queues.addJob('email', 'send-welcome', welcome('later'), {
      delay: 3_600_000,
    });
    const other = await site.platform.queues.addJob('email', 'send-welcome', welcome('never'), {
      delay: 3_600_000,
    });
    await open(operator, `/admin/jobs/email/${other.id}`);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Cancel the job' }).click();
    await page.getByText('The job is cancelled.').waitFor();
    await open(operator, `/admin/jobs/email/${id}`);
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByText('The job may run now.').waitFor();
    await until('it failed', async () => (await site.platform.queues.job('email', id))?.state === 'failed');
    await page.reload();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('The job goes once more.').waitFor();
    const entries = await site.world.database.audit.list({ object: 'job:email/*' }, 3);
    expect(entries.map(({ action, object }) => `${action} ${object}`)).toEqual([
      `job.retry job:email/${id}`,
      `job.promote job:email/${id}`,
      `job.cancel job:email/${other.id}`,
    ]);
  });

  it('shows what is kept of a job that its queue has forgotten', async () => {
    const id = await failedJob({ tenant: 'acme' });
    await site.platform.queues.queue('email').remove(id);
    const { page } = operator;
    await open(operator, `/admin/jobs/email/${id}`);
    await page.getByText('The queue has forgotten this job.').waitFor();
    await page.getByText('acme').waitFor();
    await page.getByRole('heading', { name: 'Attempts that did not complete it' }).waitFor();
    await page.getByText('Run again with an edited payload').click();
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByText('the value is no longer known').first().waitFor();
    operator.complaints.length = 0;
    expect(await faultsOfPage(operator)).toEqual([]);
    const gone = await open(operator, '/admin/jobs/email/never-was');
    expect(gone?.status()).toBe(404);
    operator.complaints.length = 0;
  });

  it('lets viewers look, and admins look in clear, which is written down', async () => {
    const id = await failedJob();
    const viewer = await signIn(browser, site, 'viewer');
    await open(viewer, `/admin/jobs/email/${id}`);
    await viewer.page.getByRole('heading', { name: 'Payload' }).waitFor();
    expect(await viewer.page.getByRole('main').locator('form').count()).toBe(0);
    await viewer.context.close();

    const admin = await signIn(browser, site, 'admin');
    await open(admin, `/admin/jobs/email/${id}`);
    expect(await admin.page.getByText('ada@example.com').count()).toBe(0);
    await admin.page.getByRole('button', { name: 'Show in clear' }).click();
    await admin.page.getByText('ada@example.com').waitFor();
    expect(await heard(admin)).toBe('undefined');
    expect(await faultsOfPage(admin)).toEqual([]);
    await admin.context.close();
    const [entry] = await site.audited({ action: 'job.reveal' });
    expect(entry).toMatchObject({ role: 'admin', object: `job:email/${id}`, outcome: 'done' });
  });
});
