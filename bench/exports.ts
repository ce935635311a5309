/** `node bench/exports.ts [rows] [rows of libraries that hold all in memory]`: each writer in a process of its own, in turn. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const figures = z.object({
  rowsPerSecond: z.number(),
  peakMb: z.number(),
  loopP99Ms: z.number(),
  loopMaxMs: z.number(),
  fileMb: z.number(),
});

const rows = process.argv[2] ?? '200000';
const formats: Readonly<Record<string, readonly string[]>> = {
  csv: ['millrace', 'csv-stringify'],
  ndjson: ['millrace', 'JSON.stringify'],
  xlsx: ['millrace', 'exceljs streaming', 'exceljs streaming, styles', 'exceljs in memory', 'SheetJS'],
};
const rounds = 3;

process.stdout.write(`${rows} rows of ten columns, medians of ${rounds} rounds\n`);
for (const [format, peers] of Object.entries(formats)) {
  const found = new Map<string, z.infer<typeof figures>[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const peer of peers) {
      const { stdout } = await run(process.execPath, [
        join(import.meta.dirname, 'exports-process.ts'),
        `${format} ${peer}`,
        rows,
      ]);
      found.get(peer)?.push(figures.parse(JSON.parse(stdout)));
    }
  }
  const median = (peer: string, field: keyof z.infer<typeof figures>): number => {
    const values = (found.get(peer) ?? []).map((figure) => figure[field]).sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)] ?? 0;
  };
  for (const peer of peers) {
    const ratio = median('millrace', 'rowsPerSecond') / median(peer, 'rowsPerSecond');
    process.stdout.write(
      `| ${format} | ${peer} | ${median(peer, 'rowsPerSecond')} | ${ratio.toFixed(1)} | ${median(peer, 'peakMb')} | ${median(peer, 'loopP99Ms')} / ${median(peer, 'loopMaxMs')} | ${median(peer, 'fileMb')} |\n`,
    );
  }
}
