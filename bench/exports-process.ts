import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { contestants } from './exports-contestants.ts';

/** One contestant, once, in a process of its own: `node bench/exports-process.ts <contestant> <rows>`; prints its figures. */
const [name = '', count = '100000'] = process.argv.slice(2);
const contestant = contestants[name];
if (contestant === undefined)
  throw new Error(`There is no "${name}". There are ${Object.keys(contestants).join(', ')}.`);

const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
const path = join(dir, 'out');
const delay = monitorEventLoopDelay({ resolution: 1 });
try {
  const sink = createWriteStream(path);
  const closed = once(sink, 'close');
  delay.enable();
  const began = performance.now();
  await contestant(Number(count), sink);
  await closed;
  const seconds = (performance.now() - began) / 1_000;
  delay.disable();
  const figures = {
    rowsPerSecond: Math.round(Number(count) / seconds),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1_024),
    loopP99Ms: Math.round(delay.percentile(99) / 1e5) / 10,
    loopMaxMs: Math.round(delay.max / 1e6),
    fileMb: Math.round((await stat(path)).size / 1e5) / 10,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await rm(dir, { recursive: true, force: true });
}
