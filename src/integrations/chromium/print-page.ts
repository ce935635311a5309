import type { Browser, HTTPRequest } from 'puppeteer-core';

/**
 * Prints a page in a context of its own, which leaves nothing behind. The layers that keep a page to itself: no scripts,
 * every request intercepted, no name and no address reached (the browser's arguments), and what the page's own policy adds.
 */
export async function printPage(browser: Browser, html: string, timeoutMs: number): Promise<Uint8Array> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(timeoutMs);
  await page.setJavaScriptEnabled(false);
  await page.setRequestInterception(true);
  page.on('request', (request) => void decide(request));
  await page.setContent(html, { waitUntil: 'load', timeout: timeoutMs });
  const pdf = await page.pdf({
    preferCSSPageSize: true,
    printBackground: true,
    tagged: true,
    outline: true,
    timeout: timeoutMs,
  });
  await context.close();
  return pdf;
}

async function decide(request: HTTPRequest): Promise<void> {
  try {
    if (request.url().startsWith('data:')) await request.continue();
    else await request.abort('blockedbyclient');
  } catch {
    // The page has gone meanwhile, and its requests with it.
  }
}
