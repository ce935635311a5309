import { html, type Markup } from '../../../http/html.ts';

export type Cell = Markup | string | number | undefined;

export interface Column<Row> {
  readonly head: string;
  cell(row: Row): Cell;
  /** Its cells stand to the right, digits under digits. */
  readonly number?: boolean;
  /** Its cells hold sentences, which need room to be read. */
  readonly words?: boolean;
  /** Its cells name their rows. */
  readonly names?: boolean;
}

export interface TableOptions<Row> {
  /** What the table shows. */
  readonly caption: string;
  /** For screen readers only, where a heading right above says the same. */
  readonly captionHidden?: boolean;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** What stands instead of a table without rows. */
  readonly empty: string;
}

/** More columns than a phone has room for, and than a tablet. */
const manyColumns = 4;
const mostColumns = 7;

/** A table that scrolls within itself where it is too wide; where there is no room for its columns each row becomes a card. */
export function table<Row>({ caption, captionHidden, columns, rows, empty }: TableOptions<Row>): Markup {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  const head = columns.map((column) => html`<th scope="col"${classOf(column)}>${column.head}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>${columns.map((column) =>
        column.names === true
          ? html`<th scope="row"${classOf(column)} data-head="${column.head}">${column.cell(row)}</th>`
          : html`<td${classOf(column)} data-head="${column.head}"><div>${column.cell(row)}</div></td>`,
      )}</tr>
`,
  );
  const many = columns.length >= manyColumns ? ' many' : '';
  const most = columns.length >= mostColumns ? ' most' : '';
  return html`<div class="table${many}${most}" role="region" aria-label="${caption}" tabindex="0"><table>
<caption${captionHidden === true ? html` class="unseen"` : undefined}>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>`;
}

function classOf({ number, words }: Pick<Column<never>, 'number' | 'words'>): Markup | undefined {
  if (number === true) return html` class="number"`;
  return words === true ? html` class="words"` : undefined;
}

/** Facts by name, such as those of one job; `undefined` leaves a fact out. */
export function facts(entries: Readonly<Record<string, Cell>>): Markup {
  const known = Object.entries(entries).filter(([, value]) => value !== undefined);
  return html`<dl class="facts">${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** Figures at a glance. */
export function tiles(
  entries: readonly { readonly name: string; readonly value: Cell; readonly hint?: Cell }[],
): Markup {
  return html`<dl class="tiles">${entries.map(
    ({ name, value, hint }) =>
      html`<div><dt>${name}</dt><dd>${value}${hint === undefined ? undefined : html`<small>${hint}</small>`}</dd></div>`,
  )}</dl>`;
}
