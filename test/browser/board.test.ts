import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { queueNames } from '../../queues/index.ts';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { deadLetterQueueOf } from '../../src/queue/dead-letters.ts';
import type { RunContext } from '../../src/worker/run-context.ts';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/platform.ts';
import { adminPassword, at, openSite, reminder, type Site } from '../support/site.ts';

/** Where the picture of the board goes; point it at `docs/images/board.png` to renew that of the README. */
const picture = process.env.BOARD_PICTURE ?? join('test-results', 'board.png');
const hostile = '</script><script>window.hostile = 1</script><img src=x onerror="window.hostile = 2">';

let site: Site;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let hostileJobs: string[];
/** What the browser refused to load or run, and what scripts threw. */
let complaints: string[];
const held = Promise.withResolvers<void>();

beforeAll(async () => {
  browser = await launchChromium();
  site = await openSite({
    processors: {
      email: { 'send-reminder': sendReminder },
      document: { 'generate-report': renderReport },
      'story-enhancement': { 'enhance-story': scoreStory },
    },
  });
  hostileJobs = await fillQueues();
});
afterAll(async () => {
  held.resolve();
  await browser.close();
  await site.close();
});

beforeEach(async () => {
  complaints = [];
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
});
afterEach(() => context.close());

async function sendReminder({ data, log, progress }: RunContext): Promise<unknown> {
  log.info({}, 'Asking the provider');
  if (at(data, 'userId') === 'hostile') {
    log.warn({ [hostile]: hostile }, hostile);
    throw new UnrecoverableError(hostile, { code: 'MAIL_REJECTED' });
  }
  if (at(data, 'userId') === 'user-13') {
    throw new UnrecoverableError('The provider refuses this mail: there is no such mailbox.', {
      code: 'MAIL_REJECTED',
    });
  }
  progress(100, 'Sent');
  return { status: 'sent', provider: 'outbox', messageId: 'm-1' };
}

async function renderReport({ job, progress }: RunContext): Promise<unknown> {
  progress(40, 'Page 4 of 10');
  await held.promise;
  return {
    documentId: job.id,
    fileName: 'analytics.pdf',
    contentType: 'application/pdf',
    bytes: 1,
    sha256: '0'.repeat(64),
    storageKey: 'analytics.pdf',
  };
}

async function scoreStory({ data }: RunContext): Promise<unknown> {
  const scores = { hypeScore: 4.2, ethicsScore: 6.1 };
  return {
    success: true,
    storyId: at(data, 'storyId'),
    enhanced: false,
    enhancedScores: scores,
    processingTime: 3,
  };
}

/** A handful of jobs in every state; answers the ids of those that are as hostile as they can be. */
async function fillQueues(): Promise<string[]> {
  const { queues } = site.platform;
  const remind = (userId: string) => ({ ...reminder, data: { ...reminder.data, userId } });
  const report = (format: string) => ({
    type: 'generate-report',
    data: { userId: 'user-7', reportType: 'analytics', format },
  });
  for (let user = 1; user <= 24; user += 1)
    await queues.addUntyped('email', 'send-reminder', remind(`user-${user}`));
  const later = { delay: 3_600_000 };
  for (const user of ['user-30', 'user-31'])
    await queues.addUntyped('email', 'send-reminder', remind(user), later);
  // Straight into BullMQ, past our checks.
  const { id: unknown = '' } = await queues
    .queue('email')
    .add(hostile, { [`data${hostile}`]: `data${hostile}` }, later);
  const [opportunity] = reminder.data.opportunities;
  const opportunities = [{ ...opportunity, title: hostile, agency: hostile }];
  const { id: failing } = await queues.addUntyped('email', 'send-reminder', {
    ...reminder,
    data: { ...reminder.data, userId: 'hostile', opportunities },
  });
  for (const format of ['pdf', 'xlsx', 'csv', 'pdf', 'csv', 'pdf']) {
    await queues.addUntyped('document', 'generate-report', report(format));
  }
  for (const story of ['story-1', 'story-2', 'story-3']) {
    const payload = { type: 'story-enhancement', data: { storyId: story } };
    await queues.addUntyped('story-enhancement', 'enhance-story', payload);
  }
  const sync = { type: 'sam-gov-opportunities', data: { fullSync: false } };
  await queues.addUntyped('sync', 'sam-gov-sync', sync, later);
  await until('the mails are through', async () => {
    const { completed, failed } = await queues.counts('email');
    return completed + failed === 25;
  });
  await until('stories are scored', async () => (await queues.counts('story-enhancement')).completed === 3);
  await until('reports are under way', async () => (await queues.counts('document')).active === 4);
  return [unknown, failing];
}

async function signInByLink(): Promise<void> {
  await page.goto(site.service.oneTimeLink() ?? '');
  await page.waitForURL('**/admin/queues');
}

async function signInByToken(role: 'viewer' | 'operator' | 'admin'): Promise<void> {
  await page.goto(`${site.service.url}/admin/sign-in?next=/admin`);
  await page.getByLabel(/token/i).fill(await site.token(role));
  await page.getByRole('button', { name: 'Sign in with the token' }).click();
  await page.waitForURL('**/admin');
}

describe('a person with a browser', () => {
  it('follows the one-time link and sees every queue and its dead letters', async () => {
    await signInByLink();
    for (const queue of queueNames.flatMap((name) => [name, deadLetterQueueOf(name)])) {
      await page.getByRole('link', { name: queue, exact: true }).first().waitFor();
    }
    await page.getByText('28 Jobs').waitFor();
    await mkdir(dirname(picture), { recursive: true });
    await page.screenshot({ path: picture });
    expect(complaints).toEqual([]);
  });

  it('looks at jobs whose names, payloads, errors and logs hold scripts, and none of them runs', async () => {
    await signInByLink();
    const letters = await site.platform.deadLetters.list('email');
    const letter = letters.find(({ jobId }) => jobId === hostileJobs[1]);
    const jobs = [
      ...hostileJobs.map((id) => `email/${id}`),
      `${deadLetterQueueOf('email')}/${encodeURIComponent(letter?.id ?? '')}`,
    ];
    for (const job of jobs) {
      await page.goto(`${site.service.url}/admin/queues/queue/${job}`);
      await page.getByText('window.hostile = 1').first().waitFor();
      for (const tab of ['Error', 'Logs', 'Options', 'Data']) {
        const button = page
          .getByRole('tab', { name: tab })
          .or(page.getByRole('button', { name: tab, exact: true }));
        if ((await button.count()) > 0) await button.first().click();
      }
      expect(await page.evaluate('typeof window.hostile')).toBe('undefined');
      expect(await page.locator('img[src=x]').count()).toBe(0);
    }
    await page.goto(`${site.service.url}/admin/queues/queue/email?status=delayed`);
    await page.getByText('send-reminder').first().waitFor();
    expect(await page.evaluate('typeof window.hostile')).toBe('undefined');
    expect(complaints).toEqual([]);
  });

  it('sees nobody’s address, whoever they are, and gets the board’s own styles', async () => {
    await signInByLink();
    await page.goto(`${site.service.url}/admin/queues/queue/email?status=failed`);
    await page.getByText('there is no such mailbox').first().waitFor();
    expect(await page.content()).not.toContain('ada@example.com');
    // Made by a script as the page runs: without its nonce the policy would keep it out.
    await page.evaluate(`{
      const style = document.createElement('style');
      style.textContent = '#root { outline: 7px solid red }';
      document.head.append(style);
    }`);
    expect(await page.evaluate(`getComputedStyle(document.getElementById('root')).outlineWidth`)).toBe('7px');
    await page.evaluate(`{
      const box = document.createElement('div');
      box.innerHTML = '<style>#root { outline: 3px solid red }</style><p id="inline" style="outline: 5px solid red">x</p>';
      document.body.append(box);
    }`);
    expect(await page.evaluate(`getComputedStyle(document.getElementById('root')).outlineWidth`)).toBe('7px');
    expect(await page.evaluate(`getComputedStyle(document.getElementById('inline')).outlineWidth`)).not.toBe(
      '5px',
    );
    expect(complaints.filter((text) => !text.includes('Content Security Policy'))).toEqual([]);
  });

  it('has no button that changes anything as a viewer', async () => {
    await signInByToken('viewer');
    await page.goto(`${site.service.url}/admin/queues/queue/email?status=failed`);
    await page.getByText('there is no such mailbox').first().waitFor();
    const changing = page.getByRole('button', {
      name: /retry|clean|promote|pause|resume|add job|remove|empty|obliterate/i,
    });
    expect(await changing.allTextContents()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('retries a failed job from the board', async () => {
    await signInByLink();
    await page.goto(`${site.service.url}/admin/queues/queue/email?status=failed`);
    await page.getByText('there is no such mailbox').first().waitFor();
    const failedAgain = site.platform.next('job.dead_lettered');
    const answered = page.waitForResponse((response) => response.request().method() === 'PUT');
    await page.getByRole('button', { name: /retry/i }).first().click();
    await page
      .getByRole('button', { name: /confirm|yes|ok|retry/i })
      .last()
      .click();
    expect((await answered).status()).toBeLessThan(300);
    expect(await failedAgain).toMatchObject({ queue: 'email', failure: { code: 'MAIL_REJECTED' } });
  });

  it('offers nobody what it refuses to all: no jobs from nowhere, no queue thrown away', async () => {
    const looks = [
      ['operator', 'failed', ['lucide-refresh-cw', 'lucide-trash-2']],
      ['admin', 'delayed', ['lucide-corner-up-left', 'lucide-clock', 'lucide-trash-2']],
    ] as const;
    for (const [role, status, deeds] of looks) {
      await context.clearCookies();
      await signInByToken(role);
      await page.goto(`${site.service.url}/admin/queues/queue/email?status=${status}`);
      const icons = page.locator('[class^="jobActions"]').first().locator('li:visible svg');
      await icons.first().waitFor();
      const shown = await icons.evaluateAll((all) => all.map((icon) => String(icon.getAttribute('class'))));
      expect(shown.map((names) => names.split(' ').at(-1))).toEqual(deeds);
      await page.locator('[class^="trigger"][aria-haspopup="menu"]').first().click();
      await page.getByRole('menuitem', { name: 'Pause' }).waitFor();
      const entries = await page.getByRole('menuitem').filter({ visible: true }).allTextContents();
      expect(entries.filter((entry) => !entry.startsWith('Retry all'))).toEqual([
        'Pause',
        'Set concurrency',
        'Set rate limit',
        'Empty',
      ]);
    }
    expect(complaints).toEqual([]);
  }, 60_000);

  it('closes the dead letter of what it retries, at once, in the name of whoever did it', async () => {
    const { queues, deadLetters } = site.platform;
    const failing = async () => {
      const payload = { ...reminder, data: { ...reminder.data, userId: 'user-13' } };
      const { id } = await queues.addUntyped('email', 'send-reminder', payload);
      let letterId: string | undefined;
      await until('its dead letter is on record', async () => {
        letterId ??= (await deadLetters.list('email')).find(({ jobId }) => jobId === id)?.id;
        if (letterId === undefined) return false;
        return (await site.world.database.deadLetters.find(letterId)) !== undefined;
      });
      return { id, letterId: letterId ?? '' };
    };
    const one = await failing();
    const another = await failing();
    // So that nothing runs, and fails, again while the test looks.
    await queues.queue('email').pause();
    try {
      const token = await site.token('operator', 'otto');
      const retry = (path: string) => site.ask('PUT', `/admin/queues/api/queues/email/${path}`, { token });
      expect((await retry(`${one.id}/retry`)).status).toBe(204);
      expect(await site.deadLetters.find(one.letterId)).toMatchObject({
        state: 'replayed',
        closedBy: 'otto',
      });
      expect(await site.deadLetters.find(another.letterId)).toMatchObject({ state: 'open' });
      expect((await retry('retry/failed')).status).toBe(200);
      expect(await site.deadLetters.find(another.letterId)).toMatchObject({
        state: 'replayed',
        closedBy: 'otto',
      });
    } finally {
      await queues.queue('email').resume();
    }
  });

  it('signs in by password on the way to a page, comes back from another site, and signs out', async () => {
    const target = `${site.service.url}/admin/queues/queue/sync`;
    await page.goto(target);
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Password').fill(adminPassword);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(target);

    // "localhost" is another site than "127.0.0.1", and does not get the strict cookie sent along.
    const elsewhere = target.replace('127.0.0.1', 'localhost');
    await page.goto(elsewhere);
    await page.evaluate(`location.href = ${JSON.stringify(target)}`);
    await page.waitForURL(target);
    await page.getByRole('link', { name: 'story-enhancement', exact: true }).first().waitFor();

    await page.goto(`${site.service.url}/admin/sign-out`);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.waitForURL('**/admin/sign-in');
    await page.goto(target);
    await page.getByLabel('Password').waitFor();
  });
});
