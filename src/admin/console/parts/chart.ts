import { html, type Markup } from '../../../http/html.ts';
import { table } from './table.ts';

export interface Series {
  readonly name: string;
  /** How its bars look: a class of the style sheet. */
  readonly look: 'good' | 'bad' | 'strong' | 'soft';
}

export interface Step {
  readonly at: Date;
  /** One for each series; absent where there is nothing to say. */
  readonly values: readonly (number | undefined)[];
}

export interface ChartOptions {
  /** Of the page's elements: the chart's own ids begin with it. */
  readonly id: string;
  readonly title: string;
  /** What one sees, in a sentence, for those who do not. */
  readonly summary: string;
  readonly series: readonly Series[];
  /** In their order; steps in which nothing happened may be missing. */
  readonly steps: readonly Step[];
  readonly from: Date;
  readonly until: Date;
  readonly stepSeconds: number;
  /** Bars on top of each other, as parts of a sum, or before each other, as parts of a range. */
  readonly bars: 'stacked' | 'layered';
  format(value: number): string;
}

/** Units of the drawing; it is stretched to the width that there is. */
const width = 1_000;
const height = 160;

/**
 * Bars over time as inline SVG, without script: text stands beside the drawing, so that it is as large on a phone, and
 * all figures stand in a table that can be opened.
 */
export function chart(options: ChartOptions): Markup {
  const { id, title, summary, series, steps, from, until, bars, format } = options;
  const tops = steps.map(({ values }) => topOf(values, bars));
  const most = Math.max(0, ...tops);
  const legend = series.map(({ name, look }) => html`<li><span class="key ${look}"></span>${name}</li>`);
  return html`<figure class="chart"><figcaption id="${id}-caption">${title}</figcaption>
<ul class="legend">${legend}</ul>
<div class="plot"><span class="most">${most === 0 ? 'nothing yet' : format(most)}</span>
<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-title ${id}-desc"><title id="${id}-title">${title}</title><desc id="${id}-desc">${summary}</desc>
${steps.map((step) => barsOf(step, most, options))}</svg></div>
<div class="span"><span>${clock(from)}</span><span>${clock(until)} UTC</span></div>
<details><summary>${title} as a table</summary>${table({
    caption: title,
    empty: 'Nothing happened in this time.',
    rows: steps.toReversed(),
    columns: [
      {
        head: 'Time (UTC)',
        names: true,
        cell: ({ at }) => html`<time datetime="${at.toISOString()}">${clock(at)}</time>`,
      },
      ...series.map(({ name }, index) => ({
        head: name,
        number: true,
        cell: ({ values }: Step) => {
          const value = values[index];
          return value === undefined ? '–' : format(value);
        },
      })),
    ],
  })}</details></figure>`;
}

function topOf(values: readonly (number | undefined)[], bars: ChartOptions['bars']): number {
  const known = values.map((value) => value ?? 0);
  return bars === 'stacked' ? known.reduce((sum, value) => sum + value, 0) : Math.max(0, ...known);
}

function barsOf({ at, values }: Step, most: number, options: ChartOptions): Markup {
  const { series, from, until, stepSeconds, bars, format } = options;
  const span = until.getTime() - from.getTime();
  const x = ((at.getTime() - from.getTime()) / span) * width;
  const each = ((stepSeconds * 1_000) / span) * width;
  let below = 0;
  const drawn = series.map(({ name, look }, index) => {
    const value = values[index] ?? 0;
    const tall = most === 0 ? 0 : (value / most) * height;
    const y = height - tall - below;
    if (bars === 'stacked') below += tall;
    if (tall === 0) return html``;
    return html`<rect class="${look}" x="${round(x + each * 0.1)}" y="${round(y)}" width="${round(each * 0.8)}" height="${round(tall)}"><title>${clock(at)} ${name}: ${format(value)}</title></rect>`;
  });
  return html`${drawn}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** `14:05`, in UTC. */
function clock(at: Date): string {
  return at.toISOString().slice(11, 16);
}
