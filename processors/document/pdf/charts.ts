import { type Layout, measureWith, rule, type TextStyle, tagged, write } from './layout.ts';
import { countTicks, labelStride } from './scale.ts';
import { colour, size } from './theme.ts';
import { shorten } from './wrap.ts';

/** A chart is one figure for readers: `alt` says in words what the eye would see. */
export interface Chart {
  readonly caption: string;
  readonly alt: string;
  readonly points: readonly { readonly label: string; readonly value: number }[];
}

/** Where a chart goes, in points. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const captionHeight = 20;
const caption: TextStyle = { font: 'bold', size: size.caption, colour: colour.ink };
const label: TextStyle = { font: 'regular', size: size.small, colour: colour.muted };
const value: TextStyle = { font: 'bold', size: size.small, colour: colour.ink };
const half = size.small * 0.6;

const format = new Intl.NumberFormat('en-US');

/** The height that a chart of this many bars needs. */
export function barChartHeight(bars: number): number {
  return captionHeight + Math.max(1, bars) * 17;
}

/** Bars from left to right, one below another: names of any length stay readable. */
export function barChart(layout: Layout, chart: Chart, box: Box): void {
  figure(layout, chart, box, () => {
    const { doc } = layout;
    const top = box.y + captionHeight;
    const pitch = Math.min(17, (box.height - captionHeight) / Math.max(1, chart.points.length));
    const fits = measureWith(doc, 'regular', size.small);
    const names = Math.min(box.width / 2, Math.max(0, ...chart.points.map((point) => fits(point.label))) + 1);
    const numbers = 34;
    const longest = box.width - names - numbers - 8;
    const most = Math.max(1, ...chart.points.map((point) => point.value));
    chart.points.forEach((point, index) => {
      const y = top + index * pitch;
      const middle = y + pitch / 2;
      const length = Math.max(0.8, (longest * point.value) / most);
      write(doc, shorten(point.label, names, fits), box.x + names, middle - half, label, 'right');
      doc.rect(box.x + names + 8, y + pitch * 0.19, length, pitch * 0.62).fill(colour.accent);
      write(doc, format.format(point.value), box.x + names + 12 + length, middle - half, value);
    });
  });
}

/** A line over time, from zero, with the area below it shaded. */
export function lineChart(layout: Layout, chart: Chart, box: Box): void {
  figure(layout, chart, box, () => {
    const { doc } = layout;
    const ticks = countTicks(Math.max(1, ...chart.points.map((point) => point.value)));
    const highest = ticks.at(-1) ?? 1;
    const axis =
      8 + Math.max(...ticks.map((tick) => measureWith(doc, 'regular', size.small)(format.format(tick))));
    const plot = {
      left: box.x + axis,
      right: box.x + box.width - 14,
      top: box.y + captionHeight + 4,
      bottom: box.y + box.height - 16,
    };
    const yOf = (count: number) => plot.bottom - ((plot.bottom - plot.top) * count) / highest;
    const stride = (plot.right - plot.left) / Math.max(1, chart.points.length - 1);
    // A single point stands in the middle, since it has no line to begin.
    const first = chart.points.length === 1 ? (plot.left + plot.right) / 2 : plot.left;
    const places = chart.points.map((point, index) => ({
      ...point,
      x: first + index * stride,
      y: yOf(point.value),
    }));
    shadeBelow(layout, places, plot.bottom);
    for (const tick of ticks) {
      rule(doc, plot.left, plot.right, yOf(tick));
      write(doc, format.format(tick), plot.left - 6, yOf(tick) - half, label, 'right');
    }
    drawLine(layout, places);
    const every = labelStride(places.length, Math.floor((plot.right - plot.left) / 48));
    places.forEach((place, index) => {
      if (index % every === 0) write(doc, place.label, place.x, plot.bottom + 6, label, 'center');
    });
  });
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function shadeBelow({ doc }: Layout, places: readonly Place[], base: number): void {
  const [start] = places;
  const end = places.at(-1);
  if (start === undefined || end === undefined || places.length === 1) return;
  doc.moveTo(start.x, base);
  for (const place of places) doc.lineTo(place.x, place.y);
  doc.lineTo(end.x, base).closePath().fill(colour.tint);
}

/** Points are marked while they can be told apart. */
function drawLine({ doc }: Layout, places: readonly Place[]): void {
  const [start] = places;
  if (start === undefined) return;
  if (places.length > 1) {
    doc.moveTo(start.x, start.y);
    for (const place of places.slice(1)) doc.lineTo(place.x, place.y);
    doc.lineWidth(1.4).lineJoin('round').strokeColor(colour.accent).stroke();
  }
  if (places.length > 40) return;
  for (const place of places) doc.circle(place.x, place.y, 1.9).fill(colour.accent);
}

function figure(layout: Layout, chart: Chart, box: Box, draw: () => void): void {
  const { doc, root } = layout;
  const placed: PDFKit.Mixins.StructureElementOptions & { bbox: number[] } = {
    alt: chart.alt,
    bbox: [box.x, box.y, box.x + box.width, box.y + box.height],
  };
  tagged(
    doc,
    root,
    'Figure',
    () => {
      write(
        doc,
        shorten(chart.caption, box.width, measureWith(doc, 'bold', size.caption)),
        box.x,
        box.y,
        caption,
      );
      if (chart.points.length > 0) draw();
      else write(doc, 'Nothing was posted in these days.', box.x, box.y + captionHeight, label);
    },
    placed,
  );
}
