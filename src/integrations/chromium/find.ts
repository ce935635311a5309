import { MillraceError } from '../../errors/catalogue.ts';
import { isExecutable, packagedChromium, unpackChromium } from './unpack.ts';

/** A browser that can be had. */
export interface FoundBrowser {
  /** For people: where it comes from. */
  readonly description: string;
  /** The path of its executable; the one from npm is unpacked when first asked for. */
  executable(): Promise<string>;
}

const systemBrowsers = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * Finds a browser: the one that is configured, the system's, the one from npm. `undefined` when there is none, or when the
 * configuration says `none`.
 * @param dir where the one from npm is unpacked.
 * @throws MillraceError PREFLIGHT_FAILED when the one that is configured cannot be run.
 */
export async function findBrowser(
  configured: string | undefined,
  dir: string,
): Promise<FoundBrowser | undefined> {
  if (configured === 'none') return undefined;
  if (configured !== undefined) {
    if (await isExecutable(configured)) return at(configured);
    throw new MillraceError(
      'PREFLIGHT_FAILED',
      `${configured} cannot be run. Give the path of a Chromium, none to do without, or leave it empty to have one found.`,
    );
  }
  for (const path of systemBrowsers) {
    if (await isExecutable(path)) return at(path);
  }
  const packaged = packagedChromium();
  if (packaged === undefined) return undefined;
  return {
    description: 'Chromium from npm',
    executable: () => unpackChromium(packaged, dir),
  };
}

function at(path: string): FoundBrowser {
  return { description: path, executable: () => Promise.resolve(path) };
}
