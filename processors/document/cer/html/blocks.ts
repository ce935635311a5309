import { stackedBars } from '../chart.ts';
import type { Block, Column } from '../content.ts';
import type { EventChart } from '../events.ts';
import { element, type Html } from './markup.ts';

const chart = { width: 494, height: 190 } as const;

/** One block of a report as HTML. */
export function blockHtml(block: Block): Html | readonly Html[] {
  switch (block.kind) {
    case 'prose':
      return paragraphs(block.text);
    case 'label':
      return element('h4', {}, block.text);
    case 'facts':
      return element(
        'dl',
        {},
        ...block.facts.map(({ label, value }) => [element('dt', {}, label), element('dd', {}, value)]),
      );
    case 'list':
      return element('ul', {}, ...block.items.map((item) => element('li', {}, item)));
    case 'table':
      return tableHtml(block.caption, block.columns, block.rows, block.total === true);
    case 'chart':
      return chartHtml(block.chart);
    case 'draft':
      return element(
        'div',
        { class: 'draft' },
        note(block.notice),
        ...block.claims.map(({ text, literature }) =>
          element('p', {}, text, ' ', element('span', { class: 'sources' }, `[${literature.join(', ')}]`)),
        ),
      );
    case 'awaiting':
      return note(block.text);
    case 'signature':
      return element(
        'div',
        { class: 'signature' },
        element(
          'div',
          { class: 'lines' },
          element('div', { class: 'line' }, 'Signature'),
          element('div', { class: 'line' }, 'Date'),
        ),
        element('p', {}, block.who === '' ? block.capacity : `${block.who}, ${block.capacity}`),
      );
  }
}

/** Empty lines part paragraphs; other line breaks stay, as the style has it. */
function paragraphs(text: string): readonly Html[] {
  return text.split(/\n\s*\n/).map((paragraph) => element('p', {}, paragraph));
}

function note(text: string): Html {
  return element('aside', { class: 'note' }, element('p', {}, text));
}

function tableHtml(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  total: boolean,
): Html {
  const whole = columns.reduce((sum, { share }) => sum + share, 0);
  const classOf = (column: Column | undefined) => (column?.align === 'right' ? 'right' : undefined);
  return element(
    'table',
    {},
    element('caption', {}, caption),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...columns.map((column) =>
          element(
            'th',
            {
              scope: 'col',
              class: classOf(column),
              style: `width: ${((100 * column.share) / whole).toFixed(3)}%`,
            },
            column.header,
          ),
        ),
      ),
    ),
    element(
      'tbody',
      {},
      ...rows.map((row, at) =>
        element(
          'tr',
          { class: total && at === rows.length - 1 ? 'total' : undefined },
          ...row.map((cell, index) => element('td', { class: classOf(columns[index]) }, cell)),
        ),
      ),
    ),
  );
}

function chartHtml(data: EventChart): Html {
  const { bars, lines, labels, legend } = stackedBars(data, chart.width, chart.height);
  const anchor = { left: 'start', right: 'end', center: 'middle' } as const;
  return element(
    'figure',
    {},
    element('figcaption', {}, data.caption),
    element(
      'svg',
      { viewBox: `0 0 ${chart.width} ${chart.height}`, role: 'img', 'aria-label': data.alt },
      ...lines.map(({ from, to, y }) =>
        element('line', { x1: from, x2: to, y1: y, y2: y, stroke: '#d3dbe4', 'stroke-width': 0.5 }),
      ),
      ...bars.map(({ colour, ...place }) => element('rect', { ...place, fill: colour })),
      ...labels.map(({ text, x, y, align }) => element('text', { x, y, 'text-anchor': anchor[align] }, text)),
    ),
    element(
      'div',
      { class: 'legend' },
      ...legend.map(({ text, colour }) =>
        element(
          'span',
          {},
          element(
            'svg',
            { viewBox: '0 0 1 1', 'aria-hidden': 'true' },
            element('rect', { width: 1, height: 1, fill: colour }),
          ),
          text,
        ),
      ),
    ),
  );
}
