/**
 * `npm run pictures:mails [folder]`: a picture of every mail with sample data, as it looks on a desk and on a phone of 380
 * pixels, and in the dark; `docs/images/mails` unless told otherwise. With Chromium from npm, or `CHROMIUM_PATH`.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mailPreviews } from '../processors/email/previews.ts';
import { packageRoot } from '../src/package.ts';
import { launchChromium } from '../test/support/chromium.ts';

const views = [
  { name: 'desktop', width: 760, colorScheme: 'light' },
  { name: 'phone', width: 380, colorScheme: 'light' },
  { name: 'phone-dark', width: 380, colorScheme: 'dark' },
] as const;
const mostBytes = 120_000;

const folder = resolve(process.argv[2] ?? join(packageRoot, 'docs/images/mails'));
await mkdir(folder, { recursive: true });
const browser = await launchChromium();
try {
  for (const { name: view, width, colorScheme } of views) {
    const context = await browser.newContext({ viewport: { width, height: 400 }, colorScheme });
    const page = await context.newPage();
    for (const { name, render } of mailPreviews('https://app.example.com')) {
      await page.setContent(render().html);
      const path = join(folder, `${name}-${view}.png`);
      await page.screenshot({ path, fullPage: true });
      const { size } = await stat(path);
      if (size > mostBytes) throw new Error(`${path} has ${size} bytes: more than ${mostBytes}.`);
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      if (Number(wide) > width)
        throw new Error(`${name} is ${Number(wide)} pixels wide on a screen of ${width}.`);
    }
    await context.close();
  }
} finally {
  await browser.close();
}
