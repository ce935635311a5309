import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queueNames } from '../../queues/index.ts';
import { faultsOfPage, type SignedIn, signIn } from '../support/check-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { openSite, reminder, type Site } from '../support/site.ts';

let site: Site;
let browser: Browser;
let operator: SignedIn;

beforeAll(async () => {
  [site, browser] = await Promise.all([openSite(), launchChromium()]);
  await site.platform.queues.addUntyped('email', 'send-reminder', reminder, { delay: 3_600_000 });
  operator = await signIn(browser, site);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

const open = ({ page }: SignedIn, path: string) => page.goto(`${site.service.url}${path}`);

describe('the frame of the console', () => {
  it('has a skip link, a navigation that knows where one is, and a way out', async () => {
    const { page } = operator;
    await open(operator, '/admin');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    const navigation = page.getByRole('navigation', { name: 'Console' });
    expect(await navigation.locator('[aria-current=page]').textContent()).toBe('Overview');
    await page.getByRole('banner').getByText('operator').first().waitFor();
    expect(await page.getByRole('link', { name: 'Sign out' }).getAttribute('href')).toBe('/admin/sign-out');
  });

  it('runs nothing but our script, and says so in its policy', async () => {
    const response = await open(operator, '/admin');
    const policy = (await response?.allHeaders())?.['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    for (const part of ["form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy).toContain(part);
    expect(policy).not.toContain('unsafe');
    const before = operator.complaints.length;
    await operator.page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<img src="/admin/none" onerror="window.hostile = 1">')`,
    );
    await expect.poll(() => operator.complaints.slice(before).join()).toContain('script-src');
    expect(await operator.page.evaluate('typeof window.hostile')).toBe('undefined');
    operator.complaints.length = before;
  });
});

describe('the overview', () => {
  it('shows every queue, and has no fault that axe, browser or phone could find', async () => {
    await open(operator, '/admin');
    for (const name of queueNames) {
      await operator.page.getByRole('rowheader', { name }).waitFor();
    }
    expect(await faultsOfPage(operator)).toEqual([]);
  });

  it('draws what was done, how long it took, and which processes there are, each bar also in a table', async () => {
    const { page } = operator;
    const thisMinute = Math.floor(Date.now() / 60_000);
    const minutes = (count: number) => new Date((thisMinute - count) * 60_000);
    const buckets = (at: number, count: number) =>
      Array.from({ length: 21 }, (_, n) => (n === at ? count : 0));
    const ends = { retried: 0, cancelled: 0 };
    await site.world.database.activity.record(
      {
        instance: 'worker-<b>7</b>',
        roles: ['worker'],
        host: 'here',
        pid: 7,
        version: '1',
        startedAt: new Date(),
        memoryBytes: 123_000_000,
        active: { email: 3, sync: 0 },
      },
      [
        {
          ...ends,
          queue: 'email',
          minute: minutes(9),
          completed: 40,
          failed: 0,
          waits: buckets(4, 40),
          durations: buckets(8, 40),
        },
        {
          ...ends,
          queue: 'sync',
          minute: minutes(9),
          completed: 2,
          failed: 1,
          waits: buckets(9, 3),
          durations: buckets(11, 3),
        },
        {
          ...ends,
          queue: 'email',
          minute: minutes(70),
          completed: 7,
          failed: 0,
          waits: buckets(0, 7),
          durations: buckets(0, 7),
        },
      ],
    );
    await open(operator, '/admin');
    const row = page.getByRole('row', { name: 'worker-<b>7</b>' });
    await row.getByText('123 MB').waitFor();
    await row.getByText('3 × email').waitFor();
    const throughput = page.getByRole('img', { name: /^Attempts that ended/ });
    expect(await throughput.locator('rect.good').count()).toBe(1);
    expect(await throughput.locator('rect.bad').count()).toBe(1);
    expect(await throughput.locator('desc').textContent()).toBe(
      '42 completed and 1 failed for good in this time.',
    );
    await page.getByText('Attempts that ended, a minute as a table').click();
    await page.getByRole('cell', { name: '42', exact: true }).waitFor();
    expect(await faultsOfPage(operator)).toEqual([]);

    await page.getByLabel('Time', { exact: true }).selectOption('day');
    await page.getByLabel('Queue', { exact: true }).selectOption('email');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL('**/admin?span=day&queue=email');
    expect(await throughput.locator('desc').textContent()).toBe(
      '47 completed and 0 failed for good in this time.',
    );
  });

  it('is kept up to date by the script, until one pauses that', async () => {
    const { page } = operator;
    await open(operator, '/admin');
    await page.getByRole('button', { name: 'Pause updates' }).click();
    await page.getByText('Updates are paused.').waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    const row = page.getByRole('row', { name: 'sync' });
    await site.platform.queues.queue('sync').pause();
    // By itself after some seconds; at once when the window is seen again.
    await row.getByText('paused').waitFor();
    await site.platform.queues.queue('sync').resume();
    await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);
    await row.getByText(/no workers|running/).waitFor();
  });

  it('pauses and resumes a queue, without any script too', async () => {
    const context = await browser.newContext({
      javaScriptEnabled: false,
      storageState: await operator.context.storageState(),
    });
    const page = await context.newPage();
    await page.goto(`${site.service.url}/admin`);
    await page.getByRole('button', { name: 'Pause document' }).click();
    await page.getByRole('status').getByText('document is paused').waitFor();
    expect(await site.platform.queues.queue('document').isPaused()).toBe(true);
    await page.reload();
    expect(await page.getByRole('status').count()).toBe(0);
    await page.getByRole('button', { name: 'Resume document' }).click();
    await page.getByRole('status').getByText('document goes on').waitFor();
    expect(await site.platform.queues.queue('document').isPaused()).toBe(false);
    await context.close();
    const { rows } = await site.world.pool.query<{ action: string; object: string }>(
      `select action, object from audit_log where action like 'queue.%' order by id`,
    );
    expect(rows).toEqual([
      { action: 'queue.pause', object: 'queue:document' },
      { action: 'queue.resume', object: 'queue:document' },
    ]);
  });

  it('offers a viewer nothing to change, and refuses what a viewer sends all the same', async () => {
    const viewer = await signIn(browser, site, 'viewer');
    await viewer.page.getByRole('rowheader', { name: 'email' }).waitFor();
    expect(await viewer.page.getByRole('button', { name: 'Pause email' }).count()).toBe(0);
    await open(viewer, '/admin/sign-out');
    const formToken = await viewer.page.locator('input[name=formToken]').first().inputValue();
    const refused = await viewer.context.request.post(`${site.service.url}/admin/do/pause`, {
      form: { formToken, queue: 'email' },
      headers: { 'Sec-Fetch-Site': 'same-origin' },
    });
    expect(await refused.text()).toContain('needs the role operator or admin; yours is viewer');
    expect(refused.status()).toBe(403);
    expect(await site.platform.queues.queue('email').isPaused()).toBe(false);
    await viewer.context.close();
  });
});
