import { countTicks, labelStride } from '../pdf/scale.ts';
import type { EventChart } from './events.ts';

/** A chart as shapes, in the units of its box, with `y` downwards: what both renderers draw. */
export interface ChartShapes {
  readonly bars: readonly {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly colour: string;
  }[];
  readonly lines: readonly { readonly from: number; readonly to: number; readonly y: number }[];
  /** `y` is the middle of the letters. */
  readonly labels: readonly {
    readonly x: number;
    readonly y: number;
    readonly text: string;
    readonly align: 'left' | 'right' | 'center';
  }[];
  readonly legend: readonly { readonly text: string; readonly colour: string }[];
}

/** From pale to dark and then to red: the order shows in grey as well, so a printed copy can be read. */
const palette = ['#c5dbec', '#8fb8d8', '#4f8ab8', '#1f4e79', '#d98443', '#9c2f1b'] as const;

function colourOf(index: number, series: number): string {
  const place = series <= 1 ? 3 : Math.round((index * (palette.length - 1)) / (series - 1));
  return palette[place] ?? palette[3];
}

const axis = { left: 30, bottom: 18, top: 6, right: 4 } as const;

/** Stacked bars, mildest at the bottom, over an axis of whole numbers. */
export function stackedBars(chart: EventChart, width: number, height: number): ChartShapes {
  const ticks = countTicks(Math.max(1, ...chart.periods.map(({ total }) => total)));
  const highest = ticks.at(-1) ?? 1;
  const plot = { left: axis.left, right: width - axis.right, top: axis.top, bottom: height - axis.bottom };
  const yOf = (count: number) => plot.bottom - ((plot.bottom - plot.top) * count) / highest;
  const pitch = (plot.right - plot.left) / Math.max(1, chart.periods.length);
  const thick = Math.min(34, pitch * 0.72);
  const every = labelStride(chart.periods.length, Math.floor((plot.right - plot.left) / 46));
  const middle = (index: number) => plot.left + (index + 0.5) * pitch;
  return {
    bars: chart.periods.flatMap(({ counts }, index) => {
      let below = 0;
      return counts.flatMap((count, series) => {
        const [y, foot] = [yOf(below + count), yOf(below)];
        below += count;
        const colour = colourOf(series, chart.series.length);
        return count === 0
          ? []
          : [{ x: middle(index) - thick / 2, y, width: thick, height: foot - y, colour }];
      });
    }),
    lines: ticks.map((tick) => ({ from: plot.left, to: plot.right, y: yOf(tick) })),
    labels: [
      ...ticks.map((tick) => ({
        x: plot.left - 5,
        y: yOf(tick),
        text: String(tick),
        align: 'right' as const,
      })),
      ...chart.periods.flatMap(({ label }, index) =>
        index % every === 0
          ? [{ x: middle(index), y: plot.bottom + 9, text: label, align: 'center' as const }]
          : [],
      ),
    ],
    legend: chart.series.map((text, index) => ({ text, colour: colourOf(index, chart.series.length) })),
  };
}
