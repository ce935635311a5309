/**
 * Loaded into a worker process before its own code (`--import`): answers its parent with what it has cost. Plain JavaScript,
 * so that the process need not load what reads TypeScript.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });

/** In MB, of this program alone: what `getrusage` tells begins with what the parent held when it forked. */
function peakMb() {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Math.round(Number(kilobytes) / 1_024);
  } catch {
    return Math.round(process.resourceUsage().maxRSS / 1_024);
  }
}

/** Lets the peak begin anew (proc(5), `clear_refs`). */
function forgetPeak() {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Elsewhere than on Linux it is the peak since the start.
  }
}

process.on('message', (question) => {
  if (question === 'begin') {
    forgetPeak();
    delay.reset();
    delay.enable();
  } else delay.disable();
  process.send?.({
    peakMb: peakMb(),
    loopP99Ms: Math.round(delay.percentile(99) / 1e5) / 10,
    loopMaxMs: Math.round(delay.max / 1e6),
  });
});
// Whoever listens keeps a process alive; this one ends when its work does.
process.channel?.unref();
