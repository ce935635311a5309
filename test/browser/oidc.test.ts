import { createServer, type Server } from 'node:http';
import { Provider } from 'oidc-provider';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { faultsOfPage } from '../support/check-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { oidcClient } from '../support/fake-oidc.ts';
import { type Front, openFront } from '../support/front.ts';
import { openSite, type Site } from '../support/site.ts';

let browser: Browser;
let front: Front;
let issuerFront: Front;
let server: Server;
let site: Site;
let context: BrowserContext;
let page: Page;
let complaints: string[];

/** People and what the provider says of them when it is asked. */
const people: Readonly<Record<string, readonly string[]>> = {
  ada: ['hands'],
  eve: ['strangers'],
  hedy: ['heads'],
};

beforeAll(async () => {
  [browser, front, issuerFront] = await Promise.all([launchChromium(), openFront(), openFront()]);
  const issuer = issuerFront.url.replace('127.0.0.1', 'localhost');
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: oidcClient.id,
        client_secret: oidcClient.secret,
        redirect_uris: [`${front.url}/admin/sign-in/oidc/callback`],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'groups'] },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `${id} of the team`, groups: [...(people[id] ?? [])] }),
    }),
    cookies: { keys: ['only for this test'] },
    pkce: { required: () => true },
  });
  server = createServer(provider.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The provider listens on no port.');
  issuerFront.leadTo(`http://127.0.0.1:${address.port}`);
  site = await openSite({
    appUrl: front.url,
    oidc: {
      issuer,
      clientId: oidcClient.id,
      clientSecret: oidcClient.secret,
      scopes: 'openid profile',
      roleClaim: 'groups',
      roles: new Map([
        ['hands', 'operator'],
        ['heads', 'admin'],
      ]),
    },
  });
  front.leadTo(site.service.url);
});
afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
  await site?.close();
  await Promise.all([front?.close(), issuerFront?.close()]);
});

beforeEach(async () => {
  complaints = [];
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI));`);
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The provider's own pages are none of ours.
    if (message.type() === 'error' && page.url().startsWith(front.url)) complaints.push(message.text());
  });
});
afterEach(() => context.close());

/** Through the provider's own pages: sign in, allow. */
async function signInAs(person: string): Promise<void> {
  await page.getByRole('link', { name: 'Sign in at your identity provider' }).click();
  await page.getByPlaceholder('Enter any login').fill(person);
  await page.getByPlaceholder('and password').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

describe('a person with an account at the identity provider', () => {
  it('finds a sign-in page without fault, goes there and comes back to the page that they wanted', async () => {
    await page.goto(`${front.url}/admin/audit`);
    expect(await faultsOfPage({ context, page, complaints })).toEqual([]);
    await signInAs('hedy');
    await page.waitForURL(`${front.url}/admin/audit`);
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
    await page.getByText('hedy of the team (hedy)').first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('has the role that the provider gives, and signs out here, and is told how to there', async () => {
    await page.goto(`${front.url}/admin/sign-in?next=/admin`);
    await signInAs('ada');
    await page.getByRole('banner').getByText('operator').waitFor();
    expect((await page.request.get(`${front.url}/admin/audit`)).status()).toBe(403);
    await page.getByRole('link', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Signed out' }).waitFor();
    expect(await faultsOfPage({ context, page, complaints })).toEqual([]);
    await page.getByRole('link', { name: 'Sign out there, too' }).click();
    await page.getByRole('button', { name: /yes/i }).click();
    await page.goto(`${front.url}/admin`);
    await page.getByLabel('Password').waitFor();
  });

  it('is told so when they have no role here', async () => {
    await page.goto(`${front.url}/admin/sign-in`);
    await signInAs('eve');
    await page.getByRole('alert').getByText('eve of the team, but have no role here').waitFor();
    await page.goto(`${front.url}/admin`);
    await page.getByLabel('Password').waitFor();
  });

  it('is told so when they change their mind at the provider', async () => {
    await page.goto(`${front.url}/admin/sign-in`);
    await page.getByRole('link', { name: 'Sign in at your identity provider' }).click();
    await page.getByRole('link', { name: /cancel/i }).click();
    await page.getByRole('alert').getByText('access_denied').waitFor();
  });
});
