import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { createTokens } from '../src/access/tokens.ts';
import { launchChromium } from '../test/support/chromium.ts';
import { freePort } from '../test/support/free-port.ts';
import { type PicturedPage, picturedPages } from './console-pages.ts';

/**
 * `npm run screenshots [-- <name> ...]`: starts the platform in a folder of its own, has the demo fill it, makes some jobs
 * fail, and writes a picture of each page of the console to `docs/images/console`. It takes about two minutes.
 */
const root = join(import.meta.dirname, '..');
const folder = join(root, 'docs/images/console');
const jwtSecret = 'a-secret-for-pictures-with-more-than-32-bytes';
/** What a page in the documentation may weigh. */
const mostBytes = 150_000;

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const pages = picturedPages.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-pictures-'));
  const port = await freePort();
  const environment = {
    ...process.env,
    NODE_ENV: 'development',
    DATA_DIR: dataDir,
    PORT: String(port),
    METRICS_PORT: '0',
    APP_URL: `http://127.0.0.1:${port}`,
    JWT_SECRET: jwtSecret,
    EMAIL_PROVIDER: 'outbox',
    LOG_LEVEL: 'error',
    INSTANCE_ID: 'millrace-1',
    // So that the page for signing in shows all ways there are; nobody goes there.
    ADMIN_PASSWORD: 'a-password-for-pictures',
    OIDC_ISSUER: 'https://id.example.com',
    OIDC_CLIENT_ID: 'millrace',
    OIDC_CLIENT_SECRET: 'a-client-secret-for-pictures',
  };
  const base = `http://127.0.0.1:${port}`;
  const platform = spawn(process.execPath, [join(root, 'src/main.ts')], {
    env: environment,
    stdio: 'ignore',
  });
  let browser: Browser | undefined;
  try {
    await isUp(base, platform);
    await finished(
      spawn(process.execPath, [join(root, 'src/cli/demo.ts')], { env: environment, stdio: 'ignore' }),
    );
    await makeSomeFail(base);
    browser = await launchChromium();
    await mkdir(folder, { recursive: true });
    for (const page of pages) await picture(browser, base, page);
  } finally {
    await browser?.close();
    const ended = once(platform, 'exit');
    if (platform.exitCode === null && platform.kill('SIGTERM')) await ended;
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function picture(
  browser: Browser,
  base: string,
  { name, path, follow, phone, height, signedOut }: PicturedPage,
): Promise<void> {
  const context = await browser.newContext({
    viewport: phone === true ? { width: 380, height: 800 } : { width: 1_280, height: height ?? 740 },
    colorScheme: phone === true ? 'dark' : 'light',
  });
  try {
    const page = await context.newPage();
    if (signedOut !== true) await signIn(page, base);
    const answer = await page.goto(`${base}${path}`);
    if (answer?.status() === 404) return console.log(`${name}: there is no ${path}`);
    if (follow !== undefined) {
      const link = page.locator(`main a[href^="${follow}"]`).first();
      if ((await link.count()) === 0) return console.log(`${name}: nothing on ${path} leads to ${follow}`);
      await link.click();
      await page.waitForLoadState('networkidle');
    }
    const file = join(folder, `${name}.png`);
    await page.screenshot({ path: file });
    const { size } = await stat(file);
    console.log(`${name}: ${Math.round(size / 1_000)} kB${size > mostBytes ? ', which is much' : ''}`);
  } finally {
    await context.close();
  }
}

async function signIn(page: Page, base: string): Promise<void> {
  await page.goto(`${base}/admin/sign-in?next=/admin`);
  await page.getByLabel('Token of').fill(await token('admin', 'ada'));
  await page.getByRole('button', { name: 'Sign in with the token' }).click();
  await page.waitForURL('**/admin');
}

async function token(role: 'admin' | 'operator', subject: string): Promise<string> {
  return createTokens(jwtSecret).issue({ role, subject }, new Date(Date.now() + 3_600_000));
}

/** Jobs of three kinds that nobody can do, so that there is something to look into. */
async function makeSomeFail(base: string): Promise<void> {
  const authorization = `Bearer ${await token('operator', 'shop')}`;
  const add = async (path: string, payload: unknown) => {
    const answer = await fetch(`${base}/api/jobs/${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ payload }),
    });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  };
  for (let n = 1; n <= 12; n += 1) {
    await add('document/process-attachment', {
      type: 'process-attachment',
      data: {
        attachmentId: `attachment-${n}`,
        source: { url: `http://10.0.0.${n}/solicitation.pdf` },
        opportunityId: `notice-${n}`,
      },
    });
  }
  for (let n = 1; n <= 5; n += 1) {
    await add('story-enhancement/enhance-story', {
      type: 'story-enhancement',
      data: { storyId: `story-${n}` },
    });
  }
  const form = new FormData();
  form.append(
    'file',
    new Blob(['%PDF-1.7\nnothing that could be read'], { type: 'application/pdf' }),
    'broken.pdf',
  );
  await fetch(`${base}/api/upload`, { method: 'POST', headers: { authorization }, body: form });
  const settled = Date.now() + 60_000;
  while (Date.now() < settled) {
    const answer = await fetch(`${base}/api/queues`, { headers: { authorization } });
    const text = await answer.text();
    if (!/"(?:waiting|active)":[1-9]/.test(text)) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function isUp(base: string, platform: ChildProcess): Promise<void> {
  while (
    !(await fetch(`${base}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (platform.exitCode !== null)
      throw new Error('The platform did not start. Run `npm start` to see why.');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function finished(child: ChildProcess): Promise<void> {
  await once(child, 'exit');
  if (child.exitCode !== 0)
    throw new Error(`The demo ended with ${child.exitCode}. Run \`npm run demo\` to see why.`);
}

await main();
