import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { getDocumentProxy } from 'unpdf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CerRequest } from '../../queues/cer-request.ts';
import { documentQueue } from '../../queues/document.ts';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { BrowserPool } from '../../src/integrations/chromium/pool.ts';
import type { HtmlPrinter } from '../../src/integrations/chromium/port.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import {
  addCerReport,
  type CerRun,
  cerSample,
  contentsOf,
  drawnText,
  factsOf,
  runCer,
  squeezed,
} from '../support/cer-job.ts';
import { chromiumPath } from '../support/chromium.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let storage: Storage;
let filesDir: string;
let pool: BrowserPool;
beforeAll(async () => {
  world = await createWorld();
  filesDir = join(world.dataDir, 'files');
  storage = createLocalStorage({ dir: filesDir });
  const path = await chromiumPath();
  pool = new BrowserPool({ executable: () => Promise.resolve(path) });
}, 120_000);
afterAll(async () => {
  await pool.close();
  await world.close();
});

const small = () => cerSample({ literature: 2, adverseEvents: 3 });
const on = (printer: HtmlPrinter | undefined, options: Partial<CerRun> = {}): CerRun => ({
  world,
  storage,
  ...(printer === undefined ? {} : { printer }),
  ...options,
});
const fileOf = ({ storageKey }: { storageKey: string }) => join(filesDir, storageKey);

describe.each(['chromium', 'pdfkit'] as const)('a clinical evaluation report by %s', (renderer) => {
  const printer = () => (renderer === 'chromium' ? pool : undefined);

  it('holds every fact of a request of real size', async () => {
    const request = cerSample();
    const report = await addCerReport(world, request);
    const result = await runCer(report, on(printer()));
    expect(documentQueue.jobs['render-cer'].result.parse(result)).toEqual(result);
    expect(result).toMatchObject({ reportId: report.id, renderer, contentType: 'application/pdf' });
    expect(await world.database.cerReports.find(report.id)).toMatchObject({
      status: 'completed',
      renderer,
      documentId: result.documentId,
    });
    const text = await drawnText(fileOf(result));
    const facts = factsOf(request);
    expect(facts.length).toBeGreaterThan(1_800);
    expect(facts.filter((fact) => !text.includes(squeezed(fact)))).toEqual([]);
    const rows = request.adverseEvents.map(({ date, type, severity, outcome }) =>
      squeezed(`${date}${type}${severity}${outcome}`),
    );
    expect(timesIn(text, rows)).toEqual(timesOf(rows));
  });

  it('has contents whose pages are right, bookmarks, tags, a title and a language', async () => {
    const report = await addCerReport(world, cerSample());
    const { storageKey } = await runCer(report, on(printer()));
    const document = await getDocumentProxy(new Uint8Array(await readFile(join(filesDir, storageKey))));
    const pages = await Promise.all(
      Array.from({ length: document.numPages }, async (_, index) => {
        const { items } = await (await document.getPage(index + 1)).getTextContent();
        return squeezed(items.map((item) => ('str' in item ? item.str : '')).join(''));
      }),
    );
    const contents = await contentsOf(join(filesDir, storageKey));
    expect(contents.length).toBe(25);
    for (const { number, title, page } of contents) {
      expect(page).toBeGreaterThan(2);
      expect(pages[page - 1], `${number} on page ${page}`).toContain(squeezed(`${number}${title}`));
    }
    pages.forEach((page, index) => {
      expect(page).toContain(`Page${index + 1}of${pages.length}`);
    });
    expect((await document.getOutline())?.length).toBeGreaterThan(0);
    const { info } = await document.getMetadata();
    expect(info).toMatchObject({
      Title: `Clinical Evaluation Report: ${cerSample().device.name}`,
      Language: 'en',
    });
    expect(await document.getMarkInfo()).toMatchObject({ Marked: true });
    await document.loadingTask.destroy();
  });

  it('shows what it was given as text, whatever it means elsewhere, and asks nobody for anything', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const bad = `</p></td></style><script>alert(1)</script><img src="http://127.0.0.1:${port}/x" onerror=alert(2)>&lt;{{7*7}}"'\`;@import url(http://127.0.0.1:${port}/c);file:///etc/passwd`;
    const request = everywhere(small(), bad);
    const result = await runCer(await addCerReport(world, request), on(printer()));
    server.close();
    const text = await drawnText(fileOf(result));
    expect(factsOf(request).filter((fact) => !text.includes(squeezed(fact)))).toEqual([]);
    expect(text.split(squeezed(bad)).length).toBeGreaterThan(30);
    expect(asked).toEqual([]);
  });

  it('breaks texts and rows that are longer than a page, and loses nothing', async () => {
    const words = Array.from({ length: 2_500 }, (_, index) => `word${index}`);
    const long = words.join(' ');
    const request = small();
    const [item] = request.literature;
    if (item === undefined) throw new Error('The sample has literature.');
    const stretched: CerRequest = {
      ...request,
      riskBenefit: `${long.slice(0, 15_000)}\n\nThe end of it.`,
      literature: [{ ...item, summary: long.slice(0, 19_000) }],
    };
    const result = await runCer(await addCerReport(world, stretched), on(printer()));
    const text = await drawnText(fileOf(result));
    // A table's header stands again where its row goes on, so words are looked for one by one.
    expect(words.slice(0, 1_600).filter((word) => !text.includes(word))).toEqual([]);
    expect(text).toContain('Theendofit.');
  });
});

describe('a clinical evaluation report', () => {
  it('is made once: an attempt that comes after its end says what the first one made', async () => {
    const report = await addCerReport(world, small());
    const first = await runCer(report, on(undefined));
    expect(await runCer(report, on(undefined, { attempt: 2 }))).toEqual(first);
    const { rows } = await world.pool.query('select count(*)::int as n from documents where id = $1', [
      first.documentId,
    ]);
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('fails for good when there is no such report, or none that this version can read', async () => {
    await expect(runCer({ id: 'none', jobId: 'j' }, on(undefined))).rejects.toMatchObject({
      code: 'CER_REPORT_NOT_FOUND',
      retryable: false,
    });
    const old = await addCerReport(world, small(), { request: { device: {} } });
    await expect(runCer(old, on(undefined))).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      retryable: false,
    });
  });

  it('stops in the middle when it is told to, and leaves no file', async () => {
    const before = await readdir(join(filesDir, 'cer'));
    for (const printer of [undefined, pool]) {
      const report = await addCerReport(world, cerSample());
      const stop = new AbortController();
      const onProgress = (percent: number) => {
        if (percent === 20) stop.abort(new Error('told to'));
      };
      await expect(runCer(report, on(printer, { signal: stop.signal, onProgress }))).rejects.toThrow(
        'told to',
      );
      expect(await world.database.cerReports.find(report.id)).toMatchObject({
        status: 'processing',
        documentId: undefined,
        browserFailures: 0,
      });
    }
    expect(await readdir(join(filesDir, 'cer'))).toEqual(before);
  });

  it('is tried again when the browser fails, and drawn by pdfkit when it fails twice', async () => {
    const broken = failing('The browser failed: it ended by SIGKILL.');
    const report = await addCerReport(world, small());
    await expect(runCer(report, on(broken))).rejects.toMatchObject({
      code: 'BROWSER_FAILED',
      retryable: true,
    });
    const result = await runCer(report, on(broken, { attempt: 2 }));
    expect(result.renderer).toBe('pdfkit');
    expect(await world.database.cerReports.find(report.id)).toMatchObject({
      status: 'completed',
      renderer: 'pdfkit',
      browserFailures: 2,
      attempts: 2,
    });
  });

  it('comes from the browser when only its first try failed', async () => {
    const report = await addCerReport(world, small());
    await expect(runCer(report, on(failing('once')))).rejects.toMatchObject({ code: 'BROWSER_FAILED' });
    expect((await runCer(report, on(pool, { attempt: 2 }))).renderer).toBe('chromium');
  });

  it('is drawn by pdfkit rather than lost when there is no further attempt', async () => {
    const report = await addCerReport(world, small());
    const result = await runCer(report, on(failing('at the end'), { attempt: 1, maxAttempts: 1 }));
    expect(result.renderer).toBe('pdfkit');
  });

  it('does not take another fault for one of the browser', async () => {
    const broken: HtmlPrinter = { print: () => Promise.reject(new TypeError('a defect of ours')) };
    const report = await addCerReport(world, small());
    await expect(runCer(report, on(broken, { attempt: 3 }))).rejects.toThrow('a defect of ours');
  });
});

function failing(message: string): HtmlPrinter {
  return { print: () => Promise.reject(new MillraceError('BROWSER_FAILED', message)) };
}

/** Puts a text into every field that takes text of any kind. */
function everywhere(request: CerRequest, bad: string): CerRequest {
  const line = bad.slice(0, 150);
  return {
    ...request,
    reportNumber: line.slice(0, 90),
    device: {
      ...request.device,
      name: bad,
      manufacturer: bad,
      model: bad,
      intendedPurpose: bad,
      indications: [bad, bad],
      contraindications: [bad],
    },
    equivalence: {
      device: bad,
      manufacturer: bad,
      clinical: bad,
      technical: bad,
      biological: bad,
      conclusion: bad,
    },
    clinicalInvestigations: [
      { id: line.slice(0, 50), title: bad, design: bad, results: bad, limitations: bad },
    ],
    literature: request.literature.map((item, index) => ({
      ...item,
      id: `L${index}`,
      citation: bad,
      summary: bad,
      relevance: bad,
    })),
    adverseEvents: request.adverseEvents.map((event) => ({
      ...event,
      type: bad,
      severity: line.slice(0, 60),
      outcome: bad,
    })),
    standards: [{ reference: line.slice(0, 90), title: bad, applied: line.slice(0, 90) }],
    riskBenefit: bad,
    evaluator: { name: bad, qualifications: bad, role: bad, organisation: bad },
    sections: {
      summary: bad,
      scope: bad,
      background: bad,
      manufacturerData: bad,
      literatureSearch: bad,
      safety: bad,
      performance: bad,
      postMarket: bad,
      conclusions: bad,
    },
  };
}

function timesIn(text: string, rows: readonly string[]): Record<string, number> {
  return Object.fromEntries([...new Set(rows)].map((row) => [row, text.split(row).length - 1]));
}

function timesOf(rows: readonly string[]): Record<string, number> {
  const times: Record<string, number> = {};
  for (const row of rows) times[row] = (times[row] ?? 0) + 1;
  return times;
}
