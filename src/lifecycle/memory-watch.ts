import { beatMs } from './supervision.ts';

/** What it needs to start is no leak, and two restarts should have some work between them. */
const earliestMs = 10_000;

/** Looks at this process's memory (RSS) now and then; tells once when it has passed the limit. */
export function watchMemory(limitBytes: number, onPassed: (bytes: number) => void): void {
  const timer = setInterval(() => {
    const bytes = process.memoryUsage.rss();
    if (bytes <= limitBytes || process.uptime() * 1_000 < earliestMs) return;
    clearInterval(timer);
    onPassed(bytes);
  }, beatMs);
  timer.unref();
}
