import { MillraceError } from '../../errors/catalogue.ts';
import { messageOf } from '../../errors/classify.ts';
import { type RunningBrowser, startBrowser } from './browser.ts';
import { readPlaces } from './places.ts';
import type { BrowserUsage, HtmlPrinter, PrintedPdf } from './port.ts';
import { sweepProfiles } from './profiles.ts';
import { Slots } from './slots.ts';

export interface PoolOptions {
  /** Where the browser is; asked for at each start. */
  executable(): Promise<string>;
  /** Browsers at once; each prints one page at a time, and further pages wait. */
  readonly maxBrowsers?: number;
  /** Pages after which a browser is replaced: what it leaks, it leaks by the page. */
  readonly pagesPerBrowser?: number;
  /** How long one page may take, in ms. */
  readonly pageTimeoutMs?: number;
  /** How long a browser may stay without work, in ms. */
  readonly idleMs?: number;
  /** A browser above this is replaced after its page. */
  readonly memoryBytes?: number;
  /** One above this is ended in the middle of its page. */
  readonly mostMemoryBytes?: number;
  /** Hears why a browser was ended. */
  onEnded?(reason: EndReason, pid: number): void;
}

/** `failed`: it died, hung, grew beyond all measure, or its page was no longer wanted. */
export type EndReason = 'pages' | 'memory' | 'idle' | 'failed' | 'closed';

const megabyte = 1024 * 1024;
const memoryCheckMs = 500;

const defaults = {
  maxBrowsers: 2,
  pagesPerBrowser: 100,
  pageTimeoutMs: 120_000,
  idleMs: 60_000,
  memoryBytes: 400 * megabyte,
  mostMemoryBytes: 900 * megabyte,
} as const;

/** Prints on browsers that are kept for the next page. One that fails in any way is ended with all its processes. */
export class BrowserPool implements HtmlPrinter {
  readonly #options: Required<Omit<PoolOptions, 'onEnded'>> & Pick<PoolOptions, 'onEnded'>;
  readonly #slots: Slots;
  readonly #running = new Set<RunningBrowser>();
  readonly #idle = new Map<RunningBrowser, NodeJS.Timeout>();
  /** CPU seconds of browsers that are gone, as far as they were seen. */
  #cpuGone = 0;
  readonly #cpuSeen = new Map<RunningBrowser, number>();
  #swept: Promise<void> | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = { ...defaults, ...options };
    this.#slots = new Slots(this.#options.maxBrowsers);
  }

  async print(html: string, signal: AbortSignal): Promise<PrintedPdf> {
    const free = await this.#slots.take(signal);
    let bytes: Uint8Array;
    try {
      if (this.#closed) throw closing();
      const browser = this.#takeIdle() ?? (await this.#start());
      bytes = await this.#printOn(browser, html, signal);
      await this.#keep(browser);
    } finally {
      free();
    }
    return { bytes, ...(await readPlaces(bytes)) };
  }

  async usage(): Promise<BrowserUsage> {
    const usages = await Promise.all([...this.#running].map((browser) => this.#look(browser)));
    return {
      browsers: this.#running.size,
      memoryBytes: usages.reduce((sum, bytes) => sum + bytes, 0),
      cpuSeconds: [...this.#cpuSeen.values()].reduce((sum, seconds) => sum + seconds, this.#cpuGone),
    };
  }

  /** Ends all browsers; pages that wait or are under way fail with ABORTED or BROWSER_FAILED. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#slots.refuseWaiting(closing());
    await Promise.all([...this.#running].map((browser) => this.#end(browser, 'closed')));
  }

  async #start(): Promise<RunningBrowser> {
    this.#swept ??= sweepProfiles();
    await this.#swept;
    const browser = await startBrowser(await this.#options.executable());
    this.#running.add(browser);
    // Whatever ends it: what it leaves is cleared away, and it is not given to a page.
    void browser.ended.then(() => this.#end(browser, 'failed'));
    if (!this.#closed) return browser;
    await this.#end(browser, 'closed');
    throw closing();
  }

  #takeIdle(): RunningBrowser | undefined {
    const [first] = this.#idle;
    if (first === undefined) return undefined;
    const [browser, timer] = first;
    clearTimeout(timer);
    this.#idle.delete(browser);
    return browser;
  }

  async #printOn(browser: RunningBrowser, html: string, signal: AbortSignal): Promise<Uint8Array> {
    const { pageTimeoutMs } = this.#options;
    const broken = Promise.withResolvers<never>();
    // The race below hears it; should the page win, nobody else has to.
    broken.promise.catch(() => undefined);
    const onAbort = () => broken.reject(signal.reason);
    const timer = setTimeout(
      () => broken.reject(failed(`it did not print a page within ${pageTimeoutMs / 1_000} s`)),
      pageTimeoutMs,
    );
    const watch = this.#watchMemory(browser, broken.reject);
    signal.addEventListener('abort', onAbort, { once: true });
    void browser.ended.then((how) => broken.reject(failed(`it ended ${how} in the middle of a page`)));
    try {
      signal.throwIfAborted();
      return await Promise.race([browser.print(html, pageTimeoutMs), broken.promise]);
    } catch (error) {
      await this.#end(browser, 'failed');
      signal.throwIfAborted();
      throw error instanceof MillraceError ? error : failed(messageOf(error), error);
    } finally {
      clearTimeout(timer);
      clearInterval(watch);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #watchMemory(browser: RunningBrowser, tooMuch: (reason: MillraceError) => void): NodeJS.Timeout {
    const most = this.#options.mostMemoryBytes;
    return setInterval(async () => {
      const bytes = await this.#look(browser);
      if (bytes > most) tooMuch(failed(`it took more than ${Math.round(most / megabyte)} MB for a page`));
    }, memoryCheckMs);
  }

  /** Keeps a browser for the next page, unless it has done enough. */
  async #keep(browser: RunningBrowser): Promise<void> {
    const { pagesPerBrowser, memoryBytes, idleMs } = this.#options;
    if (this.#closed) return this.#end(browser, 'closed');
    if (browser.printed >= pagesPerBrowser) return this.#end(browser, 'pages');
    if ((await this.#look(browser)) > memoryBytes) return this.#end(browser, 'memory');
    if (!this.#running.has(browser)) return;
    const timer = setTimeout(() => void this.#end(browser, 'idle'), idleMs);
    timer.unref();
    this.#idle.set(browser, timer);
  }

  async #end(browser: RunningBrowser, reason: EndReason): Promise<void> {
    if (this.#running.delete(browser)) {
      clearTimeout(this.#idle.get(browser));
      this.#idle.delete(browser);
      this.#cpuGone += this.#cpuSeen.get(browser) ?? 0;
      this.#cpuSeen.delete(browser);
      this.#options.onEnded?.(reason, browser.pid);
    }
    await browser.end();
  }

  /** Its memory in bytes; 0 where that cannot be known. */
  async #look(browser: RunningBrowser): Promise<number> {
    const usage = await browser.usage();
    if (usage === undefined) return 0;
    if (this.#running.has(browser)) this.#cpuSeen.set(browser, usage.cpuSeconds);
    return usage.memoryBytes;
  }
}

function failed(what: string, cause?: unknown): MillraceError {
  const options = cause === undefined ? {} : { cause };
  return new MillraceError('BROWSER_FAILED', `The browser failed: ${what.replace(/\.$/, '')}.`, options);
}

function closing(): MillraceError {
  return new MillraceError('ABORTED', 'The worker is stopping, and its browsers with it.');
}
