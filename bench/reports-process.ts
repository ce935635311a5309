import { writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { benchReport, drawers } from './reports-contestants.ts';

/** One drawer, once, in a process of its own: `node bench/reports-process.ts <drawer> <reports> [file]`; prints its figures. */
const [name = '', count = '20', file] = process.argv.slice(2);
const open = drawers[name];
if (open === undefined)
  throw new Error(`There is no "${name}". There are ${Object.keys(drawers).join(', ')}.`);

const draw = open();
const report = benchReport(510);
// Both threads begin before the clock does.
const [sample] = await Promise.all([draw(report), draw(report)]);
if (file !== undefined) await writeFile(file, sample);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const began = performance.now();
const cpu = process.cpuUsage();
await Promise.all(Array.from({ length: Number(count) }, () => draw(report)));
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(cpu);
delay.disable();
const figures = {
  reportsPerSecond: Number(count) / seconds,
  cpuMs: (user + system) / 1_000 / Number(count),
  peakMb: process.resourceUsage().maxRSS / 1_024,
  loopP99Ms: delay.percentile(99) / 1e6,
  loopMaxMs: delay.max / 1e6,
  fileKb: sample.length / 1_000,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);
