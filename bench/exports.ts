/**
 * `npm run bench -- exports [rows]`: the writers alone, ten columns of opportunities from memory to a file, against
 * libraries. Each runs in a process of its own, in turn.
 */
import { inTurn, shown } from './processes.ts';

const rows = process.argv[2] ?? '100000';
const rounds = 3;
const formats: Readonly<Record<string, readonly string[]>> = {
  csv: ['millrace', 'csv-stringify'],
  ndjson: ['millrace', 'JSON.stringify'],
  xlsx: ['millrace', 'exceljs streaming', 'exceljs streaming, styles', 'exceljs in memory', 'SheetJS'],
};

process.stdout.write(
  `${rows} rows of ten columns, medians of ${rounds} rounds\n| | | rows/s | ratio | MB peak | event loop ms p99 / longest | MB file |\n`,
);
for (const [format, names] of Object.entries(formats)) {
  const found = await inTurn(
    'exports-process.ts',
    names.map((name) => [`${format} ${name}`, rows]),
    rounds,
  );
  for (const [index, name] of names.entries()) {
    const each = found[index];
    const ratio = (found[0]?.rowsPerSecond ?? 0) / (each?.rowsPerSecond ?? 1);
    process.stdout.write(
      `| ${format} | ${name} | ${shown(each?.rowsPerSecond)} | ${ratio.toFixed(1)} | ${shown(each?.peakMb)} | ${shown(each?.loopP99Ms)} / ${shown(each?.loopMaxMs)} | ${shown(each?.fileMb)} |\n`,
    );
  }
}
