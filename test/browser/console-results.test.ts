import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSeal } from '../../src/admin/seal.ts';
import { faultsOfPage, type SignedIn, signIn } from '../support/check-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { fillWithHostileRows, harmOf, hostile } from '../support/hostile.ts';
import { jwtSecret, openSite, type Site } from '../support/site.ts';

let site: Site;
let browser: Browser;
let operator: SignedIn;
let admin: SignedIn;

beforeAll(async () => {
  [site, browser] = await Promise.all([openSite(), launchChromium()]);
  await fillWithHostileRows(site.world);
  [operator, admin] = await Promise.all([signIn(browser, site), signIn(browser, site, 'admin')]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

const open = ({ page }: SignedIn, path: string) => page.goto(`${site.service.url}${path}`);
const bad = encodeURIComponent('job"><b>');
const mailAt = async (job: string, recipient: string) =>
  `/admin/outbox/${encodeURIComponent(job)}/${await createSeal(jwtSecret, 'console').close(recipient)}`;

describe('the pages of results', () => {
  it.each([
    ['/admin/documents', 'reports/a.pdf', '/admin/documents/doc'],
    ['/admin/outbox', 'What it says is not kept here', '/admin/outbox/'],
    ['/admin/sync', 'Records that could not be read', '/admin/sync/'],
    ['/admin/conversions', 'Leased by', '/admin/conversions/'],
    ['/admin/cer-reports', 'Notice to', '/admin/cer-reports/'],
    ['/admin/mails', 'Text', '/admin/mails/'],
  ])('%s leads from its list to one, without a fault, and nothing in it runs', async (path, shown, one) => {
    const { page } = operator;
    await open(operator, path);
    expect(await faultsOfPage(operator)).toEqual([]);
    expect(await harmOf(page)).toEqual([]);
    await page.locator(`tbody th a[href^="${one}"]`).last().click();
    await page.getByText(shown).first().waitFor();
    for (const details of await page.locator('main details:not([open]) > summary').all())
      await details.click();
    expect(await faultsOfPage(operator)).toEqual([]);
    expect(await harmOf(page)).toEqual([]);
  });

  it('filter, and say so when nothing fits', async () => {
    const { page } = operator;
    await open(operator, '/admin/conversions');
    await page.getByLabel('Status').selectOption('complete');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByText('No conversion fits.').waitFor();
    expect(new URL(page.url()).search).toBe('?status=complete&errorCode=');
    await page.getByRole('link', { name: 'Clear' }).click();
    await page.getByRole('rowheader').first().waitFor();
  });

  it('page through what is longer than a page', async () => {
    await site.world.pool.query(
      `insert into conversions (id, upload_path, created_at)
       select 'row-' || n, 'uploads/' || n, timestamptz '2020-01-01' + n * interval '1 minute' from generate_series(1, 60) n`,
    );
    const { page } = operator;
    await open(operator, '/admin/conversions?status=queued');
    const seen = new Set(await page.locator('tbody th a').allTextContents());
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.getByRole('link', { name: 'First page' }).waitFor();
    for (const name of await page.locator('tbody th a').allTextContents()) seen.add(name);
    expect(seen.size).toBe(60);
    expect(await page.getByRole('link', { name: 'Next page' }).count()).toBe(0);
  });

  it('answer what is not there, and a query that makes no sense, with a page that says so', async () => {
    for (const path of ['/admin/documents/none', '/admin/cer-reports/none', '/admin/outbox/a/b']) {
      expect((await open(operator, path))?.status()).toBe(404);
      await operator.page.getByRole('alert').waitFor();
      await operator.page.getByRole('navigation', { name: 'Console' }).waitFor();
    }
    operator.complaints.length = 0;
    expect(await faultsOfPage(operator)).toEqual([]);
    expect((await open(operator, '/admin/nowhere'))?.status()).toBe(404);
    await operator.page.getByRole('navigation', { name: 'Console' }).getByText('Documents').waitFor();
    expect((await open(operator, '/admin/conversions?status=lost'))?.status()).toBe(400);
    await operator.page.getByRole('alert').getByText('status').waitFor();
    await operator.page.getByRole('link', { name: 'Conversions without what was asked for' }).click();
    await operator.page.getByRole('table').waitFor();
    expect((await open(operator, '/admin/documents?cursor=lost'))?.status()).toBe(400);
    operator.complaints.length = 0;
  });
});

describe('mails', () => {
  it('hide from an operator to whom they went, and what they say', async () => {
    const { page } = operator;
    await open(operator, '/admin/outbox');
    expect(await page.content()).not.toMatch(/bad(@|%40)example/);
    await page.getByRole('link', { name: 'b•••@example.org' }).click();
    await page.getByText('only admins may see').waitFor();
    expect(await page.content()).not.toMatch(/bad(@|%40)example/);
    expect(page.url()).not.toContain('bad@example.org');
    const answer = await open(operator, `${await mailAt('email:bad', 'bad@example.org')}/html`);
    expect(answer?.status()).toBe(403);
    operator.complaints.length = 0;
  });

  it('show an admin what they say, in a frame in which nothing runs, is sent or fetched, and write that down', async () => {
    const { page, complaints } = admin;
    const fetched: string[] = [];
    page.on('response', (response) => {
      if (response.url().includes('beacon')) fetched.push(response.url());
    });
    await open(admin, await mailAt('email:bad', 'bad@example.org'));
    expect(await page.content()).not.toContain('bad@example.org');
    const frame = page.frameLocator('iframe.mail');
    await page.getByRole('link', { name: 'Recipient' }).click();
    await frame.getByText('bad@example.org').waitFor();
    await page.getByRole('link', { name: 'HTML' }).click();
    await frame.getByText('The HTML part.').waitFor();
    await frame.getByRole('button', { name: 'Go' }).click();
    expect(await page.evaluate('typeof window.hostile')).toBe('undefined');
    expect(complaints.length).toBeGreaterThan(0);
    for (const complaint of complaints)
      expect(complaint).toMatch(/sandbox|Content Security Policy|Refused|CSP/);
    complaints.length = 0;
    await frame.getByText('The HTML part.').waitFor();
    expect(await faultsOfPage(admin)).toEqual([]);

    await page.getByRole('link', { name: 'Text' }).click();
    await frame.getByText('<script>top.hostile').waitFor();
    expect(await page.evaluate('typeof window.hostile')).toBe('undefined');
    expect(fetched).toEqual([]);
    const { rows } = await site.world.pool.query<{ subject: string; object: string }>(
      `select subject, object from audit_log where action = 'mail.reveal' order by id desc limit 3`,
    );
    expect(rows).toEqual([
      { subject: 'admin', object: 'mail:email:bad' },
      { subject: 'admin', object: 'mail:email:bad' },
      { subject: 'admin', object: 'mail:email:bad' },
    ]);
  });

  it('do no harm with what their provider told of them', async () => {
    await open(admin, await mailAt(hostile, 'a"><b>@example.org'));
    await admin.page.getByText('What the provider has told of it').waitFor();
    expect(await harmOf(admin.page)).toEqual([]);
    expect(await faultsOfPage(admin)).toEqual([]);
    await open(operator, `/admin/sync/${encodeURIComponent('kind"><b>')}/${bad}`);
    expect(await harmOf(operator.page)).toEqual([]);
  });
});
