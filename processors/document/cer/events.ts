import type { CerRequest } from '../../../queues/cer-request.ts';

type AdverseEvent = CerRequest['adverseEvents'][number];

/** Adverse events counted by time and severity, as the chart and the table show them. */
export interface EventChart {
  readonly caption: string;
  /** Says in words what the eye would see. */
  readonly alt: string;
  /** Mildest first; in a chart of many scales the rarest are one series. */
  readonly series: readonly string[];
  readonly periods: readonly EventPeriod[];
}

export interface EventPeriod {
  /** `2025-03`, `2025 Q1` or `2025`. */
  readonly label: string;
  /** How many of each series, in its order. */
  readonly counts: readonly number[];
  readonly total: number;
}

/** More bars than this cannot be read on a page: events are then counted by quarter, and then by year. */
const mostPeriods = 36;
/** Colours that the eye tells apart. */
const mostSeries = 6;
const others = 'Other';

type Step = 'month' | 'quarter' | 'year';

/** Counts events; the periods have no gaps, since a month without events is a finding too. */
export function countEvents(events: readonly AdverseEvent[]): EventChart {
  const severities = severitiesOf(events);
  const shown = severities.length <= mostSeries ? undefined : commonest(events, mostSeries - 1);
  const series = shown === undefined ? severities : [...severities.filter((name) => shown.has(name)), others];
  const step = stepOf(events);
  const periods = spanOf(events, step).map((label): EventPeriod => {
    const within = events.filter(({ date }) => periodOf(date, step) === label);
    const counts = series.map(
      (name) => within.filter(({ severity }) => seriesOf(severity, series) === name).length,
    );
    return { label, counts, total: within.length };
  });
  return {
    caption: `Adverse events by ${step} and severity`,
    alt: altOf(series, periods, step),
    series,
    periods,
  };
}

/** The severities that occur, mildest first: by what common scales mean by the word, then as the alphabet has them. */
function severitiesOf(events: readonly AdverseEvent[]): string[] {
  const names = new Map<string, string>();
  for (const { severity } of events) {
    const key = severity.toLowerCase();
    if (!names.has(key)) names.set(key, severity);
  }
  return [...names.values()].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en'));
}

export function countBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b, 'en'));
}

/** Words of ISO 14971, of the MDR's vigilance and of CTCAE, in the order that they mean. */
const scale: readonly (readonly string[])[] = [
  ['negligible', 'none', 'insignificant', 'grade 1', 'mild', 'low'],
  ['minor', 'non-serious', 'not serious', 'grade 2'],
  ['moderate', 'medium'],
  ['major', 'serious', 'severe', 'high', 'grade 3'],
  ['critical', 'life-threatening', 'life threatening', 'grade 4'],
  ['catastrophic', 'fatal', 'death', 'grade 5'],
];

function rank(severity: string): number {
  const place = scale.findIndex((words) => words.includes(severity.toLowerCase()));
  return place === -1 ? 2.5 : place;
}

function commonest(events: readonly AdverseEvent[], most: number): ReadonlySet<string> {
  const display = new Map(severitiesOf(events).map((name) => [name.toLowerCase(), name]));
  const counted = countBy(events, ({ severity }) => severity.toLowerCase()).slice(0, most);
  return new Set(counted.map(([key]) => display.get(key) ?? key));
}

function seriesOf(severity: string, series: readonly string[]): string {
  return series.find((name) => name.toLowerCase() === severity.toLowerCase()) ?? others;
}

function stepOf(events: readonly AdverseEvent[]): Step {
  if (spanOf(events, 'month').length <= mostPeriods) return 'month';
  return spanOf(events, 'quarter').length <= mostPeriods ? 'quarter' : 'year';
}

function periodOf(date: string, step: Step): string {
  if (step === 'year') return date.slice(0, 4);
  if (step === 'month') return date.slice(0, 7);
  return `${date.slice(0, 4)} Q${Math.ceil(Number(date.slice(5, 7)) / 3)}`;
}

/** Every period from the first event to the last. */
function spanOf(events: readonly AdverseEvent[], step: Step): string[] {
  const months = events.map(({ date }) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1);
  if (months.length === 0) return [];
  const first = months.reduce((a, b) => Math.min(a, b));
  const last = months.reduce((a, b) => Math.max(a, b));
  const labels = new Set<string>();
  for (let month = first; month <= last; month += 1) {
    const year = String(Math.floor(month / 12)).padStart(4, '0');
    labels.add(periodOf(`${year}-${String((month % 12) + 1).padStart(2, '0')}`, step));
  }
  return [...labels];
}

function altOf(series: readonly string[], periods: readonly EventPeriod[], step: Step): string {
  if (periods.length === 0) return 'No adverse events.';
  const spoken = periods.map(
    ({ label, counts, total }) =>
      `${label}: ${total}${total === 0 ? '' : ` (${series.flatMap((name, index) => ((counts[index] ?? 0) > 0 ? [`${name} ${counts[index]}`] : [])).join(', ')})`}`,
  );
  return `Stacked bars of adverse events by ${step} and severity. ${spoken.join('; ')}.`;
}
