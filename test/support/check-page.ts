import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { z } from 'zod';
import type { Site } from './site.ts';

const axeResults = z.array(
  z.object({
    id: z.string(),
    help: z.string(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
  }),
);

const wide = { width: 1280, height: 900 };
/** A small phone. */
const narrow = { width: 380, height: 760 };

/** A browser in which somebody is signed in, and all that its pages complained of. */
export interface SignedIn {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts, of the console and of the content security policy so far; none is wanted. */
  readonly complaints: string[];
}

/** Signs in by a token and opens a page. Close the context when done. */
export async function signIn(
  browser: Browser,
  site: Pick<Site, 'service' | 'token'>,
  role: 'viewer' | 'operator' | 'admin' = 'operator',
): Promise<SignedIn> {
  const context = await browser.newContext({ viewport: wide, colorScheme: 'light' });
  const complaints: string[] = [];
  // Where the policy stops something the page hears of it; scripts of Playwright itself are not under the policy.
  await context.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));`);
  context.on('weberror', (error) => complaints.push(error.error().message));
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  const page = await context.newPage();
  await page.goto(`${site.service.url}/admin/sign-in?next=/admin`);
  await page.getByLabel('Token of').fill(await site.token(role));
  await page.getByRole('button', { name: 'Sign in with the token' }).click();
  await page.waitForURL('**/admin');
  return { context, page, complaints };
}

/**
 * What is wrong with the page that is open, each fault a line; none is wanted. Looked at are both color schemes, the dark
 * one as wide as a phone: axe (WCAG 2.2 AA and good practice), what the browser complained of, and whether anything is
 * wider than the window.
 */
export async function faultsOfPage({ page, complaints }: SignedIn): Promise<string[]> {
  const faults: string[] = [];
  for (const [colorScheme, viewport] of [
    ['light', wide],
    ['dark', narrow],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    const where = `${new URL(page.url()).pathname}, ${colorScheme}, ${viewport.width} px`;
    for (const fault of await askAxe(page)) faults.push(`${where}: ${fault}`);
    const overflow = Number(
      await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
    );
    if (overflow > 0) faults.push(`${where}: ${overflow} px wider than the window`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(wide);
  return [...faults, ...complaints];
}

async function askAxe(page: Page): Promise<string[]> {
  // Evaluated through the debugger, so that the page's policy need not allow it.
  await page.evaluate(axe.source);
  const violations = axeResults.parse(
    await page.evaluate(
      `axe.run(document, { iframes: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
        .then(({ violations }) => violations)`,
    ),
  );
  return violations.map(
    ({ id, help, nodes }) =>
      `${id} (${help}): ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`,
  );
}
