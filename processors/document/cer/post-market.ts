import type { CerRequest } from '../../../queues/cer-request.ts';
import type { Block } from './content.ts';
import { countBy, countEvents } from './events.ts';

/** What post-market surveillance shows of adverse events: over time, by type, and one by one. */
export function postMarketBlocks(events: CerRequest['adverseEvents']): {
  readonly overview: Block[];
  readonly byType: Block[];
  readonly list: Block[];
} {
  const chart = countEvents(events);
  const totals = chart.series.map((_, index) => sum(chart.periods.map(({ counts }) => counts[index] ?? 0)));
  return {
    overview: [
      { kind: 'chart', chart },
      {
        kind: 'table',
        caption: chart.caption,
        columns: [
          { header: 'Period', share: 1.6 },
          ...chart.series.map((header) => ({ header, share: 1.4, align: 'right' as const })),
          { header: 'All', share: 1, align: 'right' },
        ],
        rows: [
          ...chart.periods.map(({ label, counts, total }) => [label, ...counts.map(String), String(total)]),
          ['All', ...totals.map(String), String(events.length)],
        ],
        total: true,
      },
    ],
    byType: [
      {
        kind: 'table',
        caption: 'Adverse events by type',
        columns: [
          { header: 'Type', share: 6 },
          { header: 'Events', share: 1, align: 'right' },
          { header: 'Share', share: 1, align: 'right' },
        ],
        rows: countBy(events, ({ type }) => type).map(([type, count]) => [
          type,
          String(count),
          `${((100 * count) / events.length).toFixed(1)} %`,
        ]),
      },
    ],
    list: [
      {
        kind: 'table',
        caption: `Adverse events, oldest first (${events.length})`,
        columns: [
          { header: 'Date', share: 1.4 },
          { header: 'Type', share: 3.4 },
          { header: 'Severity', share: 1.8 },
          { header: 'Outcome', share: 4 },
        ],
        rows: events
          .toSorted((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0))
          .map(({ date, type, severity, outcome }) => [date, type, severity, outcome]),
      },
    ],
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
