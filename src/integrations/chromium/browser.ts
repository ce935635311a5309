import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Browser } from 'puppeteer-core';
import { MillraceError } from '../../errors/catalogue.ts';
import { messageOf } from '../../errors/classify.ts';
import { printPage } from './print-page.ts';
import { type GroupUsage, groupUsage, killGroup } from './processes.ts';
import { createProfile } from './profiles.ts';

/** Margin boxes, which headers and page numbers are made of, came with this version. */
const oldestMajor = 131;
const launchTimeoutMs = 60_000;

/**
 * Strict where the npm package's own list is lax: that one switches web security and the isolation of sites off. The
 * sandbox needs rights that containers seldom give; what is printed is text that was escaped, and scripts are off.
 */
const browserArguments = [
  '--no-sandbox',
  '--disable-setuid-sandbox',
  // A container's /dev/shm is small; a page that outgrows it dies.
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--font-render-hinting=none',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND',
  // Addresses in digits need no resolver; they are sent to a proxy that there is not, loopback too.
  '--proxy-server=http://127.0.0.1:1',
  '--proxy-bypass-list=<-loopback>',
];

/** One running Chromium and all its processes. */
export interface RunningBrowser {
  readonly pid: number;
  /** Pages printed so far. */
  readonly printed: number;
  /** Resolves when its main process has ended, whatever ended it, with how it did. */
  readonly ended: Promise<string>;
  print(html: string, timeoutMs: number): Promise<Uint8Array>;
  usage(): Promise<GroupUsage | undefined>;
  /** Ends all its processes; resolves when none is left. Twice is harmless. */
  end(): Promise<void>;
}

/**
 * Starts a Chromium that is spoken to through a pipe: it ends when its parent does, also by SIGKILL, since the pipe then
 * closes.
 * @throws MillraceError BROWSER_FAILED
 */
export async function startBrowser(executablePath: string): Promise<RunningBrowser> {
  const { launch } = await import('puppeteer-core');
  const profile = await createProfile();
  let browser: Browser;
  try {
    browser = await launch({
      executablePath,
      headless: 'shell',
      pipe: true,
      args: browserArguments,
      userDataDir: profile,
      // Nothing of ours, keys least of all, is a browser's business.
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: profile, LANG: 'C.UTF-8', TMPDIR: profile },
      timeout: launchTimeoutMs,
      // Signals are the platform's: it drains first.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (error) {
    await rm(profile, { recursive: true, force: true });
    throw new MillraceError(
      'BROWSER_FAILED',
      `${executablePath} did not start: ${firstLine(messageOf(error))} In a slim container it may lack libnss3, libnspr4 or libexpat1.`,
      { cause: error },
    );
  }
  const running = watch(browser, profile);
  const version = await browser.version();
  const major = Number(/\/(\d+)/.exec(version)?.[1] ?? 0);
  if (major >= oldestMajor) return running;
  await running.end();
  throw new MillraceError(
    'BROWSER_FAILED',
    `${executablePath} is ${version}; reports need Chromium ${oldestMajor} or later.`,
  );
}

function watch(browser: Browser, profile: string): RunningBrowser {
  const child = browser.process();
  const pid = child?.pid;
  if (child === null || pid === undefined) throw new Error('A browser was started that has no process.');
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) =>
    typeof signal === 'string' ? `by ${signal}` : `with ${String(code)}`,
  );
  let ending: Promise<void> | undefined;
  let printed = 0;

  const end = async () => {
    await killGroup(pid);
    if (child.exitCode === null && child.signalCode === null) await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  return {
    pid,
    ended,
    get printed() {
      return printed;
    },
    print(html, timeoutMs) {
      printed += 1;
      return printPage(browser, html, timeoutMs);
    },
    usage: () => groupUsage(pid),
    end() {
      ending ??= end();
      return ending;
    },
  };
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0]?.trim() ?? '';
  return line.endsWith('.') || line.endsWith('!') ? line : `${line}.`;
}
