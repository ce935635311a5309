import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { packagedChromium, unpackChromium } from '../../src/integrations/chromium/unpack.ts';

/** Not the package's own list: that one switches web security off, which is what the tests look at. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--headless=old',
  '--font-render-hinting=none',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The browser of the tests: `CHROMIUM_PATH`, or the one from npm, unpacked once for all runs on this machine. */
export async function chromiumPath(): Promise<string> {
  const given = process.env.CHROMIUM_PATH;
  if (given !== undefined && given !== '') return given;
  const packaged = packagedChromium();
  if (packaged === undefined) throw new Error('No Chromium from npm for this machine: set CHROMIUM_PATH.');
  return unpackChromium(packaged, join(tmpdir(), 'millrace-chromium'));
}

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await chromiumPath(), args });
}
