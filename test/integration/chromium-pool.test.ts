import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BrowserPool, type PoolOptions } from '../../src/integrations/chromium/pool.ts';
import { browsersOf, processesOf } from '../support/browsers.ts';
import { chromiumPath } from '../support/chromium.ts';
import { until } from '../support/platform.ts';

const run = promisify(execFile);
const wanted = new AbortController().signal;
const page = '<!doctype html><html lang="en"><title>Page</title><p>Hello from a page.</p></html>';
const rows = Array.from({ length: 6_000 }, (_, row) => `<tr><td>${row}<td>Some text in a row<td>more</tr>`);
const longPage = `<!doctype html><title>Long</title><table>${rows.join('')}</table>`;

/** Resolves when a page that was just asked for is given to a browser that is free. */
const given = () => new Promise(setImmediate);
const yesOrNo = [() => true, () => false] as const;

let path: string;
beforeAll(async () => {
  path = await chromiumPath();
}, 120_000);

describe('the browsers', { timeout: 60_000 }, () => {
  let pool: BrowserPool | undefined;
  const ended: [string, number][] = [];
  afterEach(async () => {
    await pool?.close();
    ended.length = 0;
    expect(await browsersOf(process.pid)).toEqual([]);
  });
  /** One that has printed and now stands still: it takes what it is sent and does nothing. */
  const standingStill = async (browsers: BrowserPool) => {
    await browsers.print(page, wanted);
    const [browser = Number.NaN] = await browsersOf(process.pid);
    process.kill(browser, 'SIGSTOP');
    return browser;
  };
  const open = (options: Partial<PoolOptions> = {}) => {
    pool = new BrowserPool({
      executable: () => Promise.resolve(path),
      onEnded: (reason, pid) => ended.push([reason, pid]),
      ...options,
    });
    return pool;
  };

  it('print text, and say on which pages the targets of links are', async () => {
    const html = `<!doctype html><title>Links</title><style>h2 { break-before: page }</style>
      <a href="#one">One</a> <a href="#t%C3%B6">Two</a> <a href="https://example.org/#x">away</a>
      <h2 id="one">One</h2><h2>Unlinked</h2><h2 id="tö">Two</h2>`;
    const printed = await open().print(html, wanted);
    expect(printed.pages).toBe(4);
    expect(printed.places.get('one')).toBe(2);
    expect(await textOf(printed.bytes)).toContain('Unlinked');
  });

  it('are kept for the next page, and replaced after so many', async () => {
    const browsers = open({ pagesPerBrowser: 2, maxBrowsers: 1 });
    await browsers.print(page, wanted);
    const [first] = await browsersOf(process.pid);
    await browsers.print(page, wanted);
    expect(ended).toEqual([['pages', first]]);
    expect(await processesOf(first ?? 0)).toBe(0);
    await browsers.print(page, wanted);
    const [second] = await browsersOf(process.pid);
    expect(second).not.toBe(first);
    expect(await browsers.usage()).toMatchObject({ browsers: 1 });
    expect((await browsers.usage()).memoryBytes).toBeGreaterThan(20_000_000);
    expect((await browsers.usage()).cpuSeconds).toBeGreaterThan(0);
  });

  it('print so many pages at once and no more, whoever asks', async () => {
    const browsers = open({ maxBrowsers: 2 });
    const printed = await Promise.all(Array.from({ length: 6 }, () => browsers.print(page, wanted)));
    expect(printed.map(({ pages }) => pages)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await browsersOf(process.pid)).toHaveLength(2);
    expect(ended).toEqual([]);
  });

  it('leave when nothing was asked of them for a while', async () => {
    await open({ idleMs: 50 }).print(page, wanted);
    await until('the browser has left', async () => (await browsersOf(process.pid)).length === 0);
    expect(ended.map(([reason]) => reason)).toEqual(['idle']);
  });

  it('are replaced when they have grown', async () => {
    const browsers = open({ memoryBytes: 1 });
    await browsers.print(page, wanted);
    expect(ended.map(([reason]) => reason)).toEqual(['memory']);
    await browsers.print(page, wanted);
  });

  it('are ended in the middle of a page that takes all memory', async () => {
    const browsers = open({ mostMemoryBytes: 1 });
    await expect(browsers.print(longPage.repeat(10), wanted)).rejects.toMatchObject({
      code: 'BROWSER_FAILED',
      message: expect.stringContaining('MB for a page'),
    });
    expect(ended.map(([reason]) => reason)).toEqual(['failed']);
  });

  it('that hang are ended at the page’s timeout, and the next page gets another', async () => {
    const browsers = open({ pageTimeoutMs: 2_000 });
    // A loaded machine may need several tries to print a page in so short a time.
    await until('a page is printed', () => browsers.print(page, wanted).then(...yesOrNo));
    const [hung = Number.NaN] = await browsersOf(process.pid);
    process.kill(hung, 'SIGSTOP');
    await expect(browsers.print(page, wanted)).rejects.toMatchObject({
      code: 'BROWSER_FAILED',
      retryable: true,
      message: expect.stringContaining('did not print a page within 2 s'),
    });
    expect(await processesOf(hung)).toBe(0);
    const next = open();
    expect((await next.print(page, wanted)).pages).toBe(1);
    await browsers.close();
  });

  it('that are killed in the middle cost one page and leave no process', async () => {
    const browsers = open();
    const victim = await standingStill(browsers);
    const printing = browsers.print(longPage, wanted);
    printing.catch(() => undefined);
    await given();
    process.kill(victim, 'SIGKILL');
    await expect(printing).rejects.toMatchObject({ code: 'BROWSER_FAILED', retryable: true });
    expect(await processesOf(victim)).toBe(0);
    expect((await browsers.print(page, wanted)).pages).toBe(1);
    expect(await browsersOf(process.pid)).toHaveLength(1);
  });

  it('that die without work are not given to a page', async () => {
    const browsers = open();
    await browsers.print(page, wanted);
    const [victim = Number.NaN] = await browsersOf(process.pid);
    process.kill(victim, 'SIGKILL');
    await until('its end is known', async () => ended.length === 1);
    expect((await browsers.print(page, wanted)).pages).toBe(1);
  });

  it('stop at once when the page is no longer wanted, at work and in line', async () => {
    const browsers = open({ maxBrowsers: 1 });
    await standingStill(browsers);
    const stop = new AbortController();
    const working = browsers.print(longPage, stop.signal);
    const waiting = browsers.print(page, stop.signal);
    const other = browsers.print(page, wanted);
    for (const promise of [working, waiting]) promise.catch(() => undefined);
    await given();
    stop.abort(new Error('no longer wanted'));
    await expect(working).rejects.toThrow('no longer wanted');
    await expect(waiting).rejects.toThrow('no longer wanted');
    expect((await other).pages).toBe(1);
  });

  it('are all ended when the pool closes, and none starts after', async () => {
    const browsers = open({ maxBrowsers: 1 });
    await standingStill(browsers);
    const working = browsers.print(longPage, wanted);
    const waiting = browsers.print(page, wanted);
    for (const promise of [working, waiting]) promise.catch(() => undefined);
    await given();
    await browsers.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(working).rejects.toMatchObject({ code: 'BROWSER_FAILED' });
    await expect(browsers.print(page, wanted)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await browsersOf(process.pid)).toEqual([]);
  });

  it('say what is missing when they do not start', async () => {
    await expect(open({ executable: async () => '/bin/false' }).print(page, wanted)).rejects.toMatchObject({
      code: 'BROWSER_FAILED',
      retryable: true,
      message: expect.stringContaining('libnss3'),
    });
  });

  it('leave no folder behind', async () => {
    const browsers = open();
    await browsers.print(page, wanted);
    expect(await profiles()).toHaveLength(1);
    await browsers.close();
    expect(await profiles()).toEqual([]);
  });

  it('end with their worker, however it ends', async () => {
    const script = join(import.meta.dirname, '../support/browser-process.ts');
    const worker = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(stdoutOf(worker), 'data');
    const [browser = Number.NaN] = await browsersOf(worker.pid ?? 0);
    expect(await processesOf(browser)).toBeGreaterThan(3);
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    await until('all its processes have ended', async () => (await processesOf(browser)) === 0);
    // What it left is cleared away by the next that starts.
    await open().print(page, wanted);
    expect(
      (await readdir(tmpdir())).filter((name) => name.startsWith(`millrace-browser-${worker.pid}-`)),
    ).toEqual([]);
  });
});

describe('a page from outside', { timeout: 60_000 }, () => {
  const served: string[] = [];

  it('loads nothing, runs nothing and reads no file, though nothing of it was escaped', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'millrace-outside-'));
    await writeFile(join(dir, 'secret.html'), 'the-secret-of-this-machine');
    const server = createServer((request, response) => {
      served.push(request.url ?? '');
      response.end('body { color: red }');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const pool = new BrowserPool({ executable: () => Promise.resolve(path) });
    try {
      const text = await textOf((await pool.print(hostile(addressOf(server), dir), wanted)).bytes);
      expect(text).toContain('The end of the page');
      expect(text).not.toContain('the-secret-of-this-machine');
      expect(text).not.toContain('ran');
      const leaving = `<meta http-equiv="refresh" content="0; url=${addressOf(server)}/refresh"><p>Leaving</p>`;
      await pool.print(leaving, wanted);
      expect(served).toEqual([]);
    } finally {
      await pool.close();
      server.close();
      await rm(dir, { recursive: true });
    }
  });
});

function hostile(server: string, dir: string): string {
  return `<!doctype html><html><head><title>x</title>
    <link rel="stylesheet" href="${server}/link.css"><link rel="preload" as="image" href="${server}/preload">
    <link rel="prefetch" href="${server}/prefetch"><link rel="dns-prefetch" href="//leak.example">
    <link rel="preconnect" href="${server}/"><link rel="icon" href="${server}/icon">
    <base href="${server}/base/">
    <style>@import url("${server}/import.css"); @font-face { font-family: F; src: url("${server}/font") }
      body { font-family: F; background: url("${server}/background") } p::after { content: url("file://${dir}/secret.html") }</style>
    <script>document.write('ran')</script><script src="${server}/script.js"></script></head>
    <body onload="document.body.append('ran')"><noscript>quiet</noscript>
    <img src="${server}/img"><img src="x" srcset="${server}/srcset 2x" onerror="document.body.append('ran')">
    <iframe src="file://${dir}/secret.html"></iframe><iframe src="${server}/frame"></iframe>
    <iframe srcdoc="<script>parent.document.body.append('ran')</script><img src='${server}/srcdoc'>"></iframe>
    <object data="file://${dir}/secret.html"></object><embed src="${server}/embed">
    <video src="${server}/video" poster="${server}/poster"></video><audio src="${server}/audio"></audio>
    <svg><image href="${server}/svg-image"/><use href="${server}/use.svg#a"/><script>document.write('ran')</script></svg>
    <input type="image" src="${server}/input"><form action="${server}/form"><button autofocus>x</button></form>
    <a href="${server}/ping" ping="${server}/ping">x</a><p>The end of the page</p></body></html>`;
}

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return `http://127.0.0.1:${address.port}`;
}

async function textOf(pdf: Uint8Array): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-text-'));
  try {
    await writeFile(join(dir, 'page.pdf'), pdf);
    return (await run('pdftotext', [join(dir, 'page.pdf'), '-'])).stdout;
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function profiles(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(`millrace-browser-${process.pid}-`));
}

function stdoutOf({ stdout }: ChildProcess) {
  if (stdout === null) throw new Error('The process has no output.');
  return stdout;
}
