import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Measurement } from './measure.ts';
import type { Task } from './tasks.ts';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly stores: readonly string[];
  /** Average number of processes that wanted a core in the last minute, before and after: above 0, others were at work. */
  readonly load: { readonly before: number; readonly after: number };
}

const labels: Readonly<Record<Task, string>> = {
  lone: 'lone add',
  concurrent: '100 adds at once',
  bulk: 'bulk of 500',
  process: 'processing, 50 at once',
  steady: 'adding and processing',
};

const columns = [
  'store',
  'task',
  'jobs/s raw',
  'Millrace',
  'µs CPU raw',
  'Millrace',
  'ratio',
  'min-max',
  'goal',
];

export function machineFacts(stores: readonly string[], loadBefore: number): Machine {
  const cpus = os.cpus();
  return {
    cores: os.availableParallelism(),
    cpu: cpus[0]?.model ?? 'unknown',
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    packages: Object.fromEntries(
      ['bullmq', 'ioredis', 'pg', 'zod', 'pino'].map((name) => [name, versionOf(name)]),
    ),
    stores,
    load: { before: loadBefore, after: os.loadavg()[0] ?? 0 },
  };
}

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof found === 'object' && found !== null && 'version' in found
    ? String(found.version)
    : 'unknown';
}

export function isMet({ goal, ratio }: Measurement): boolean | undefined {
  return goal === undefined ? undefined : ratio.median >= goal;
}

/** A table for people, and what it was measured on. */
export function renderTable(measurements: readonly Measurement[], machine: Machine, rounds: number): string {
  const rows = measurements.map((measurement) => {
    const { store, task, ratio, jobsPerSecond, cpuMicroseconds, goal } = measurement;
    const met = isMet(measurement);
    return [
      store,
      labels[task],
      whole(jobsPerSecond.raw),
      whole(jobsPerSecond.millrace),
      whole(cpuMicroseconds.raw),
      whole(cpuMicroseconds.millrace),
      ratio.median.toFixed(2),
      `${ratio.min.toFixed(2)}-${ratio.max.toFixed(2)}`,
      goal === undefined ? 'none' : `>= ${goal} ${met === true ? 'met' : 'NOT met'}`,
    ];
  });
  const { load } = machine;
  return [
    ...align([columns, ...rows]),
    '',
    `A ratio above 1 says that Millrace is faster than BullMQ alone. Median of ${rounds} rounds, both in turn.`,
    'Every job was checked to be stored, or to have run, exactly once; every run left its log line and its metrics.',
    '',
    `${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, ${machine.system}`,
    `Node ${machine.node}, ${machine.stores.join(', ')}`,
    Object.entries(machine.packages)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    `Load before ${load.before.toFixed(1)}, after ${load.after.toFixed(1)}${load.before > 1 ? ': the machine was busy, so only the ratios count' : ''}`,
    '',
  ].join('\n');
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Text to the left, figures to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column >= 2 && column <= 6 ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
