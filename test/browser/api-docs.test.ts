import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiDocument } from '../support/api-document.ts';
import { faultsOfPage, type SignedIn, signIn } from '../support/check-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { simpleInvoice, threeLines } from '../support/pdf-file.ts';
import { openSite, type Site } from '../support/site.ts';

/** Where the picture of the page goes; point it at `docs/images/api-docs.png` to renew that of the docs. */
const picture = process.env.API_DOCS_PICTURE ?? join('test-results', 'api-docs.png');
const hostile = '</pre><script>window.hostile = 1</script><img src=x onerror="window.hostile = 2">';

let site: Site;
let browser: Browser;
let visitor: SignedIn;
let token: string;

beforeAll(async () => {
  [site, browser] = await Promise.all([openSite(), launchChromium()]);
  visitor = await signIn(browser, site);
  token = await site.token('producer');
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

const open = (path = '/api/docs') => visitor.page.goto(`${site.service.url}${path}`);
const form = (operation: string) => visitor.page.locator(`#${operation} form`);

describe('the page of the API', () => {
  it('says everything without a script, and has no form then', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${site.service.url}/api/docs`);
    const { length: count } = await page.locator('.operation').all();
    expect(count).toBe(new ApiDocument().operations.size);
    await page.locator('#postJobsEmailSendWelcome summary').click();
    await page.locator('#postJobsEmailSendWelcome .schema .name', { hasText: 'company' }).waitFor();
    expect(await page.locator('form:visible').count()).toBe(0);
    await context.close();
  });

  it('loads nothing from elsewhere, under a policy without exceptions', async () => {
    const asked: string[] = [];
    visitor.page.on('request', (request) => asked.push(new URL(request.url()).origin));
    const policy = (await (await open())?.allHeaders())?.['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(new Set(asked)).toEqual(new Set([site.service.url]));
  });

  it('has no fault that axe, browser or phone could find, closed or open', { timeout: 180_000 }, async () => {
    await open('/api/docs#postJobsEmailSendReminder');
    await form('postJobsEmailSendReminder').waitFor();
    await visitor.page.locator('#getJobsByQueueByJobEvents summary').click();
    await visitor.page.locator('#postUpload summary').click();
    await visitor.page.getByLabel('Token', { exact: true }).fill(token);
    await form('postJobsEmailSendReminder').getByRole('button', { name: 'Send' }).click();
    await form('postJobsEmailSendReminder').locator('.status', { hasText: '202' }).waitFor();
    expect(await faultsOfPage(visitor)).toEqual([]);
    await mkdir(dirname(picture), { recursive: true });
    await visitor.page
      .locator('#postJobsEmailSendReminder')
      .evaluate('(operation) => operation.scrollIntoView()');
    await visitor.page.screenshot({ path: picture });
  });

  it('finds operations by their words', async () => {
    await open();
    await visitor.page.getByLabel('Find').fill('promote');
    await visitor.page.getByText('1 operation', { exact: true }).waitFor();
    expect(await visitor.page.locator('.operation:visible').count()).toBe(1);
    await visitor.page.getByLabel('Find').fill('');
    expect(await visitor.page.locator('.operation:visible').count()).toBeGreaterThan(30);
  });

  it('sends what a form says with the token, which stays in memory alone', async () => {
    await open('/api/docs#postJobsEmailSendWelcome');
    const { page } = visitor;
    await form('postJobsEmailSendWelcome').getByRole('button', { name: 'Send' }).click();
    await form('postJobsEmailSendWelcome').getByText('"UNAUTHENTICATED"').waitFor();
    await page.getByLabel('Token', { exact: true }).fill(token);
    await form('postJobsEmailSendWelcome').getByLabel('Idempotency-Key').fill('from-the-page');
    await form('postJobsEmailSendWelcome').getByRole('button', { name: 'Send' }).click();
    await form('postJobsEmailSendWelcome').getByText('"state": "waiting"').waitFor();
    const kept = await page.evaluate(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])',
    );
    expect(String(kept)).not.toContain(token);
    await page.reload();
    expect(await page.getByLabel('Token', { exact: true }).inputValue()).toBe('');
    // The refusal without a token is what the browser's console tells too.
    visitor.complaints.splice(0);
  });

  it('uploads a file', async () => {
    await open('/api/docs#postUpload');
    await visitor.page.getByLabel('Token', { exact: true }).fill(token);
    const buffer = await simpleInvoice(threeLines);
    await form('postUpload')
      .getByLabel('file')
      .setInputFiles({ name: 'a.pdf', mimeType: 'application/pdf', buffer });
    await form('postUpload').getByRole('button', { name: 'Send' }).click();
    await form('postUpload').getByText('"status": "queued"').waitFor();
  });

  it('shows what a job holds as text, whatever it holds', async () => {
    const { id = '' } = await site.platform.queues
      .queue('email')
      .add(hostile, { [hostile]: hostile }, { delay: 3_600_000 });
    await open('/api/docs#getJobsByQueueByJob');
    await visitor.page.getByLabel('Token', { exact: true }).fill(await site.token('operator'));
    await form('getJobsByQueueByJob').getByLabel('queue').fill('email');
    await form('getJobsByQueueByJob').getByLabel('job').fill(id);
    await form('getJobsByQueueByJob').getByRole('button', { name: 'Send' }).click();
    await form('getJobsByQueueByJob').getByText('window.hostile = 1').waitFor();
    expect(await visitor.page.evaluate('typeof window.hostile')).toBe('undefined');
    expect(visitor.complaints).toEqual([]);
  });
});
