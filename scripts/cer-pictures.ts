/**
 * `npm run pictures:cer`: the pictures of docs/cer.md, of the sample request as each renderer makes it: the first
 * page, the literature and the chart of events. Needs pdftotext and pdftoppm (poppler-utils).
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { printReport } from '../processors/document/cer/print.ts';
import { reportContent } from '../processors/document/cer/sections.ts';
import { BrowserPool } from '../src/integrations/chromium/pool.ts';
import { packageRoot } from '../src/package.ts';
import { cerSample, contentsOf } from '../test/support/cer-job.ts';
import { chromiumPath } from '../test/support/chromium.ts';

const run = promisify(execFile);
/** Letters can be read, and a picture stays below 150 KB. */
const dotsPerInch = '66';
const titles = { literature: 'Appraisal', events: 'Events over time' } as const;

const dir = await mkdtemp(join(tmpdir(), 'millrace-pictures-'));
const target = join(packageRoot, 'docs/images/cer');
const path = await chromiumPath();
const browsers = new BrowserPool({ executable: () => Promise.resolve(path) });

async function picture(pdf: string, page: number, name: string): Promise<void> {
  const place = ['-f', String(page), '-l', String(page), '-singlefile'];
  await run('pdftoppm', ['-png', '-r', dotsPerInch, ...place, pdf, join(target, name)]);
  process.stdout.write(`docs/images/cer/${name}.png: page ${page}\n`);
}

try {
  await mkdir(target, { recursive: true });
  const content = reportContent(cerSample(), undefined, {
    id: 'f3b1c8d2-5a44-4b53-9a0e-6d1f1f2a7c10',
    createdAt: new Date('2026-01-20T00:00:00Z'),
  });
  for (const printer of [browsers, undefined]) {
    const { bytes, renderer } = await printReport(content, {
      printer,
      failures: 0,
      countFailure: () => Promise.reject(new Error('The browser failed.')),
      lastAttempt: false,
      signal: new AbortController().signal,
      onFallback: () => undefined,
    });
    const pdf = join(dir, `${renderer}.pdf`);
    await writeFile(pdf, bytes);
    await picture(pdf, 1, `${renderer}-cover`);
    const contents = await contentsOf(pdf);
    for (const [name, title] of Object.entries(titles)) {
      const line = contents.find((each) => each.title.replaceAll(/[ .]+$/g, '') === title);
      if (line === undefined) throw new Error(`The contents do not list "${title}".`);
      await picture(pdf, line.page, `${renderer}-${name}`);
    }
  }
} finally {
  await browsers.close();
  await rm(dir, { recursive: true, force: true });
}
