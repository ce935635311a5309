import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const figures = z.record(z.string(), z.number());

/** Figures by name, as a contestant's process prints them. */
export type Figures = Readonly<Record<string, number>>;

/**
 * Lets contestants run in turn, so that what the machine does meanwhile hits all alike, each time in a process of its own
 * with the flags of a worker, and gives the median of each figure.
 */
export async function inTurn(
  file: string,
  contestants: readonly (readonly string[])[],
  rounds: number,
): Promise<Figures[]> {
  const found: Figures[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, contestant] of contestants.entries()) {
      const flags = ['--max-semi-space-size=8', join(import.meta.dirname, file)];
      const { stdout } = await run(process.execPath, [...flags, ...contestant]);
      found[index]?.push(figures.parse(JSON.parse(stdout)));
    }
  }
  return found.map(medians);
}

function medians(runs: readonly Figures[]): Figures {
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(runs.map((each) => each[name] ?? 0))]));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** `12.3` below a hundred, `1,234` above. */
export function shown(value: number | undefined): string {
  if (value === undefined) return 'none';
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}
