import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../../src/lifecycle/service.ts';
import { faultsOfPage, type SignedIn, signIn } from '../support/check-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { harmOf, hostile } from '../support/hostile.ts';
import { until } from '../support/platform.ts';
import { openSite, type Site, textAt } from '../support/site.ts';

const night = 300;

let site: Site;
let browser: Browser;
let operator: SignedIn;
let page: Page;
let working: Service;
let away = true;
/** How often each was greeted. */
const greeted = new Map<string, number>();

beforeAll(async () => {
  [site, browser] = await Promise.all([
    openSite({
      processors: {
        email: {
          'send-welcome': async ({ data }) => {
            const user = textAt(data, 'userId');
            if (user === 'hostile') throw new Error(hostile);
            if (away) throw new Error(`The provider answered 503 for request ${greeted.size}-${user}.`);
            greeted.set(user, (greeted.get(user) ?? 0) + 1);
            return { status: 'sent', provider: 'test' };
          },
        },
      },
    }),
    launchChromium(),
  ]);
  working = await site.workOff();
  operator = await signIn(browser, site);
  page = operator.page;
});
afterAll(async () => {
  await working?.stop();
  await browser?.close();
  await site?.close();
});

const open = (path: string) => page.goto(`${site.service.url}/admin${path}`);
const welcome = (userId: string, name = 'Ada') => ({
  type: 'welcome' as const,
  data: { userId, email: 'ada@example.com', name },
});
const firstLetter = () => page.locator('tbody th a[href*="/letter/"]').first();
const openLetters = () => site.deadLetters.inBulk.preview({}).then(({ total }) => total);
async function wellMade(): Promise<void> {
  expect(await faultsOfPage(operator)).toEqual([]);
  expect(await harmOf(page)).toEqual([]);
}

/** Lets jobs die, and waits until the last failure is recorded. */
async function die(users: readonly string[]): Promise<void> {
  const before = await openLetters();
  await site.platform.queues.addJobs(
    'email',
    users.map((user) => ({
      name: 'send-welcome' as const,
      payload: welcome(user),
      options: { attempts: 1 },
    })),
  );
  await until('all are dead', async () => (await openLetters()) === before + users.length, 120_000);
  await until(
    'all failures are recorded',
    async () => (await site.platform.queues.counts('email')).active === 0,
  );
}

describe('the dead letters of a bad night', () => {
  it('are found by their cause, replayed at a pace, and drain, nothing twice', {
    timeout: 300_000,
  }, async () => {
    const users = Array.from({ length: night }, (_, n) => `user-${n}`);
    await die(users);
    await open('/dead-letters');
    const cause = page.getByRole('row', { name: /The provider answered <n> for request/ });
    await cause.getByText('300').waitFor();
    expect(
      await page
        .getByRole('region', { name: /Causes/ })
        .getByRole('rowheader')
        .count(),
    ).toBe(1);
    await wellMade();

    await cause.getByRole('link', { name: /The provider answered/ }).click();
    await page.getByRole('link', { name: 'Next page' }).waitFor();
    await firstLetter().click();
    await page.getByRole('heading', { name: 'Payload' }).waitFor();
    await wellMade();

    // The provider is back.
    away = false;
    await page.getByRole('link', { name: 'All of this cause' }).click();
    await page.getByRole('link', { name: 'Replay or discard all of these' }).click();
    await page.getByRole('heading', { name: 'Replay or discard 300 dead letters' }).waitFor();
    await wellMade();
    await page.getByLabel('How many a second').fill('much');
    await page.getByRole('button', { name: 'Replay 300' }).click();
    await page.getByRole('alert').getByText('must be a number').first().waitFor();
    // The browser tells of the answer 400.
    operator.complaints.length = 0;
    // So slow that it is under way when it is stopped, on a loaded machine too.
    await page.getByLabel('How many a second').fill('2');
    await page.getByRole('button', { name: 'Replay 300' }).click();
    await page.getByRole('status').getByText('The replay of 300 has begun.').waitFor();
    await wellMade();

    // Stopped in the middle, and begun anew for the rest, faster.
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('status').getByText('It is stopped').waitFor();
    await page.getByRole('link', { name: 'What is still open of it' }).click();
    await page.getByRole('link', { name: 'Replay or discard all of these' }).click();
    await page.getByLabel('How many a second').fill('200');
    await page.getByRole('button', { name: /^Replay \d+$/ }).click();
    await page.locator('.badge', { hasText: 'done' }).waitFor({ timeout: 120_000 });
    await until('all were greeted', async () => greeted.size === night, 60_000);
    expect([...greeted.values()].every((times) => times === 1)).toBe(true);
    expect(await openLetters()).toBe(0);
    await open('/dead-letters');
    await page.getByText('No dead letter is open that fits this.').waitFor();
    await page
      .getByRole('link', { name: /replay of/ })
      .first()
      .waitFor();
    await wellMade();
    const log = await site.audited({ object: 'dead-letters:filter' });
    expect(log.filter(({ outcome }) => outcome === 'done')).toHaveLength(2);
  });

  it('are edited in a form of the job, whose masks keep what they hide', async () => {
    away = true;
    await die(['to-mend']);
    away = false;
    await open('/dead-letters');
    await firstLetter().click();
    expect(await page.getByLabel('email').inputValue()).toBe('[masked]');
    await page.getByLabel('userId').fill('mended');
    await page.getByLabel('email').fill('nothing');
    await page.getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByRole('alert').getByText('data.email').first().waitFor();
    expect(await page.getByLabel('userId').inputValue()).toBe('mended');
    operator.complaints.length = 0;
    await wellMade();
    await page.getByLabel('email').fill('[masked]');
    await page.getByRole('button', { name: 'Replay', exact: true }).click();
    await page.getByRole('status').getByText('goes again').waitFor();
    await until('it ran', async () => greeted.get('mended') === 1);
    await page.getByText('replayed', { exact: true }).waitFor();
    await wellMade();
  });

  it('are discarded with a reason, after one was asked', async () => {
    await die(['hostile']);
    await open('/dead-letters');
    await wellMade();
    await firstLetter().click();
    await wellMade();
    await page.getByLabel('Why').fill('it is broken');
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('Discard this dead letter, since: it is broken?').waitFor();
    await page.getByRole('button', { name: 'Discard it' }).click();
    await page.getByRole('status').getByText('The dead letter was discarded.').waitFor();
    expect(await openLetters()).toBe(0);
    await open('/dead-letters?state=discarded');
    await firstLetter().click();
    await page.getByText('it is broken').waitFor();
    expect(await page.getByRole('button', { name: 'Replay' }).count()).toBe(0);
  });
});

describe('the page of schedules', () => {
  it('runs one now, pauses and resumes it, and fills in its past after a dry run', async () => {
    await open('/schedules');
    await wellMade();
    await page.getByRole('button', { name: 'Run now: data-cleanup' }).click();
    await page.getByRole('status').getByText('data-cleanup runs now').waitFor();
    await page.getByRole('button', { name: 'Pause: data-cleanup' }).click();
    await page
      .getByRole('row', { name: /data-cleanup/ })
      .getByText('paused', { exact: true })
      .waitFor();
    await page.getByRole('button', { name: 'Resume: data-cleanup' }).click();
    await page.getByRole('status').getByText('data-cleanup goes on').waitFor();
    await page.getByRole('link', { name: 'data-cleanup', exact: true }).click();
    await page.getByRole('heading', { name: 'Made by hand' }).waitFor();
    await wellMade();
    await page.getByLabel('From (UTC)').fill('2026-11-01T00:00');
    await page.getByLabel('To (UTC)').fill('2026-11-03T23:00');
    await page.getByRole('button', { name: 'Look for ticks without a job' }).click();
    await page.getByText('3 of 3 ticks have no job').waitFor();
    await wellMade();
    await page.getByRole('button', { name: 'Make 3 jobs' }).click();
    await page.getByRole('status').getByText('3 jobs were made').waitFor();
    expect(await page.getByText('filled in by').count()).toBe(3);
    await wellMade();
  });

  it('shows what a long span has left, and goes on with it', async () => {
    await open('/schedules/sam-gov-sync?from=2026-06-01T00:00&to=2026-10-04T05:00');
    await page.getByText('500 of 500 ticks have no job; of those after them 1 have none').waitFor();
    await page.getByLabel('How many a second').fill('0.01');
    await page.getByRole('button', { name: 'Make 500 jobs' }).click({ noWaitAfter: true });
    await page.getByRole('status').getByText('500 jobs were made').waitFor({ timeout: 100_000 });
    await page.getByText('1 of 1 ticks have no job').waitFor();
    await page.getByRole('button', { name: 'Make 1 job' }).click();
    await page.getByRole('status').getByText('1 job was made').waitFor();
  }, 120_000);

  it('lets a viewer look and change nothing', async () => {
    const viewer = await signIn(browser, site, 'viewer');
    await viewer.page.goto(`${site.service.url}/admin/schedules/data-cleanup`);
    expect(await viewer.page.getByRole('button').count()).toBe(0);
    await viewer.page.goto(`${site.service.url}/admin/dead-letters`);
    expect(await viewer.page.getByRole('link', { name: /Replay/ }).count()).toBe(0);
    expect(await faultsOfPage(viewer)).toEqual([]);
    await viewer.context.close();
  });
});
