import { html, type Markup } from '../../../http/html.ts';
import type { QueueActivity } from '../../../queue/queue-control.ts';
import { chart } from '../parts/chart.ts';
import { duration, number } from '../parts/values.ts';

/** What the charts may reach back to, and how long each bar is. */
export const spans = {
  hour: { label: 'Last hour', ms: 3_600_000, stepSeconds: 60 },
  day: { label: 'Last day', ms: 24 * 3_600_000, stepSeconds: 900 },
} as const;

export interface ShownActivity {
  readonly steps: readonly QueueActivity[];
  readonly from: Date;
  readonly until: Date;
  readonly stepSeconds: number;
}

/** How much was done, how long jobs waited, how long they ran. */
export function activityCharts({ steps, ...span }: ShownActivity): Markup {
  const sum = (end: 'completed' | 'failed') => steps.reduce((total, step) => total + step[end], 0);
  const each = span.stepSeconds === 60 ? 'a minute' : `in ${span.stepSeconds / 60} minutes`;
  const slowest = (times: 'waitSeconds' | 'durationSeconds') =>
    duration(Math.max(0, ...steps.map((step) => step[times]?.p95 ?? 0)));
  const spread = [
    { name: '95 of 100', look: 'soft' },
    { name: 'Half', look: 'strong' },
  ] as const;
  const timesOf = (times: 'waitSeconds' | 'durationSeconds') =>
    steps
      .filter((step) => step[times] !== undefined)
      .map((step) => ({ at: step.at, values: [step[times]?.p95, step[times]?.p50] }));
  return html`<div class="charts">${chart({
    ...span,
    id: 'throughput',
    title: `Attempts that ended, ${each}`,
    summary: `${number(sum('completed'))} completed and ${number(sum('failed'))} failed for good in this time.`,
    series: [
      { name: 'Completed', look: 'good' },
      { name: 'Failed', look: 'bad' },
    ],
    steps: steps.map(({ at, completed, failed }) => ({ at, values: [completed, failed] })),
    bars: 'stacked',
    format: number,
  })}${chart({
    ...span,
    id: 'waits',
    title: 'Wait until a job was taken',
    summary: `In the slowest step all but a twentieth were taken within ${slowest('waitSeconds')}.`,
    series: spread,
    steps: timesOf('waitSeconds'),
    bars: 'layered',
    format: duration,
  })}${chart({
    ...span,
    id: 'durations',
    title: 'Run of an attempt',
    summary: `In the slowest step all but a twentieth ran for less than ${slowest('durationSeconds')}.`,
    series: spread,
    steps: timesOf('durationSeconds'),
    bars: 'layered',
    format: duration,
  })}</div>`;
}
