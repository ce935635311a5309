import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsOfPage, type SignedIn, signIn } from '../support/check-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { openSite, type Site } from '../support/site.ts';

const hostile = '"><script>window.hostile = 1</script><img src=x onerror="window.hostile = 2">';

let site: Site;
let browser: Browser;
let admin: SignedIn;

beforeAll(async () => {
  [site, browser] = await Promise.all([openSite(), launchChromium()]);
  const { audit } = site.world.database;
  const entry = { via: 'token', action: 'queue.pause', role: 'operator', correlationId: 'c-1' } as const;
  for (let count = 1; count <= 60; count += 1) {
    const id = await audit.begin({
      ...entry,
      subject: 'ada',
      object: `queue:email-${count}`,
      address: '192.0.2.7',
    });
    await audit.end(id, 'done', { count });
  }
  const id = await audit.begin({
    ...entry,
    subject: hostile,
    name: hostile,
    object: hostile,
    userAgent: hostile,
  });
  await audit.end(id, 'refused', { [hostile]: hostile });
  admin = await signIn(browser, site, 'admin');
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

describe('the audit log in the console', () => {
  it('shows who did what, and no fault that axe, browser or phone could find; nothing in it runs', async () => {
    const { page } = admin;
    await page.goto(`${site.service.url}/admin`);
    await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
    await page.getByText('window.hostile = 1').first().waitFor();
    expect(await page.evaluate('typeof window.hostile')).toBe('undefined');
    expect(await faultsOfPage(admin)).toEqual([]);
  });

  it('is filtered by a form, turned over, and taken along as CSV', async () => {
    const { page } = admin;
    await page.goto(`${site.service.url}/admin/audit`);
    await page.getByLabel('Who').fill('ada');
    await page.getByLabel('Action').selectOption('queue.pause');
    await page.getByLabel('Outcome').selectOption('done');
    await page.getByLabel('From (UTC)').fill('2020-01-01T00:00');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('cell', { name: 'queue:email-60', exact: true }).waitFor();
    expect(await page.getByText('window.hostile').count()).toBe(0);
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'All of these as CSV' }).click();
    const lines = (await readFile(await (await download).path(), 'utf8')).trimEnd().split('\r\n');
    expect(lines).toHaveLength(61);
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.getByRole('cell', { name: 'queue:email-1', exact: true }).waitFor();
    expect(await page.getByLabel('Who').inputValue()).toBe('ada');
    expect(await page.getByLabel('From (UTC)').inputValue()).toMatch(/^2020-01-01T00:00/);
    expect(admin.complaints).toEqual([]);
  });

  it('is there for admins alone', async () => {
    const operator = await signIn(browser, site, 'operator');
    const navigation = operator.page.getByRole('navigation', { name: 'Console' });
    expect(await navigation.getByRole('link', { name: 'Audit' }).count()).toBe(0);
    for (const path of ['/admin/audit', '/admin/audit.csv'])
      expect((await operator.context.request.get(`${site.service.url}${path}`)).status()).toBe(403);
    await operator.context.close();
  });
});
