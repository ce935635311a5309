import { BrowserPool } from '../../src/integrations/chromium/pool.ts';

/** A process that prints one large page after another, to be killed; its argument is the browser's path. */
const [path = ''] = process.argv.slice(2);
const pool = new BrowserPool({ executable: () => Promise.resolve(path) });
const rows = Array.from({ length: 4_000 }, (_, row) => `<tr><td>${row}<td>Some text in a row<td>more</tr>`);
const page = `<!doctype html><title>Large</title><table>${rows.join('')}</table>`;
for (let printed = 0; ; printed += 1) {
  await pool.print(page, new AbortController().signal);
  process.stdout.write(`printed ${printed}\n`);
}
