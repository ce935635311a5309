/**
 * `npm run bench -- reports [reports a round]`: the PDF of a report with 510 lines, TrueType fonts and two charts, drawn in
 * two threads, against the same in pdfmake. Ours is tagged for screen readers besides, and has bookmarks.
 */
import { inTurn, shown } from './processes.ts';

const count = process.argv[2] ?? '20';
const rounds = 3;
const names = ['millrace', 'pdfmake'];
const goal = 6;

const found = await inTurn(
  'reports-process.ts',
  names.map((name) => [name, count]),
  rounds,
);
process.stdout.write(
  `${count} reports of 510 lines in two threads, medians of ${rounds} rounds\n| | reports/s | ratio | ms CPU a report | MB peak | event loop ms p99 / longest | KB a file |\n`,
);
const ours = found[0];
for (const [index, name] of names.entries()) {
  const each = found[index];
  const ratio = (ours?.reportsPerSecond ?? 0) / (each?.reportsPerSecond ?? 1);
  process.stdout.write(
    `| ${name} | ${shown(each?.reportsPerSecond)} | ${ratio.toFixed(1)} | ${shown(each?.cpuMs)} | ${shown(each?.peakMb)} | ${shown(each?.loopP99Ms)} / ${shown(each?.loopMaxMs)} | ${shown(each?.fileKb)} |\n`,
  );
}
process.stdout.write(
  `Goal: ${goal} reports/s, ${(ours?.reportsPerSecond ?? 0) >= goal ? 'met' : 'NOT met on this machine in this state'}.\n`,
);
