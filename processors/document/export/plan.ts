import { isoDate, isoTime } from '../../../queues/fields.ts';
import type { Payload } from '../../../queues/index.ts';
import { type Fault, InvalidPayloadError } from '../../../src/errors/catalogue.ts';
import type { ExportFilter } from '../../../src/integrations/database/port.ts';
import { type ColumnType, type DatasetColumn, datasets } from './datasets.ts';

type Request = Payload<'document', 'export-data'>['data'];
type FilterValue = NonNullable<Request['filters']>[string];

export interface ExportPlan {
  readonly columns: readonly DatasetColumn[];
  readonly filters: readonly ExportFilter[];
}

/**
 * The columns and filters of an export, checked against what its dataset has. A filter is the name of a column, with
 * the value or values that it must have; `<column>_from` and `<column>_to` bound days, times and numbers, both included.
 * @throws InvalidPayloadError naming each wrong field and what there is instead.
 */
export function exportPlan({ dataset, columns: asked, filters: wanted }: Request): ExportPlan {
  const all = datasets[dataset];
  const faults: Fault[] = [];
  const columns = chosen(all, asked, dataset, faults);
  const filters = Object.entries(wanted ?? {}).flatMap(
    ([name, value]) => filterOf(all, name, value, dataset, faults) ?? [],
  );
  if (faults.length > 0) throw new InvalidPayloadError('document', 'export-data', faults);
  return { columns, filters };
}

function chosen(
  all: readonly DatasetColumn[],
  asked: readonly string[] | undefined,
  dataset: string,
  faults: Fault[],
): readonly DatasetColumn[] {
  if (asked === undefined) return all;
  return asked.flatMap((name, index) => {
    const path = `data.columns[${index}]`;
    const column = all.find((known) => known.name === name);
    if (column === undefined)
      faults.push({ path, message: `${dataset} has no column "${name}"; it has ${namesOf(all)}` });
    else if (asked.indexOf(name) !== index) faults.push({ path, message: `"${name}" is there twice` });
    return column ?? [];
  });
}

function filterOf(
  all: readonly DatasetColumn[],
  name: string,
  value: FilterValue,
  dataset: string,
  faults: Fault[],
): ExportFilter | undefined {
  const path = `data.filters.${name}`;
  const bound = /^(.+)_(from|to)$/.exec(name);
  const exact = all.find((column) => column.name === name && column.type !== 'list');
  const bounded = all.find((column) => column.name === bound?.[1] && isOrdered(column.type));
  const column = exact ?? bounded;
  if (column === undefined) {
    const ordered = all.filter(({ type }) => isOrdered(type));
    const filterable = all.filter(({ type }) => type !== 'list');
    faults.push({
      path,
      message: `is no filter of ${dataset}; it has ${namesOf(filterable)}, and ${ordered.map((known) => `${known.name}_from, ${known.name}_to`).join(', ')}`,
    });
    return undefined;
  }
  const is = exact !== undefined ? 'any' : bound?.[2] === 'from' ? 'from' : 'to';
  const given = Array.isArray(value) ? value : [value];
  if (is !== 'any' && given.length > 1) {
    faults.push({ path, message: 'must be one value' });
    return undefined;
  }
  const values = given.map((item) => parameterOf(column.type, is, item));
  const valid = values.filter((item) => item !== undefined);
  if (valid.length < values.length) {
    faults.push({ path, message: `must be ${expected[column.type]}` });
    return undefined;
  }
  return { column: column.name, is, values: valid };
}

const expected: Readonly<Record<ColumnType, string>> = {
  text: 'text',
  number: 'a number',
  amount: 'a decimal number, for example "1200.50"',
  boolean: 'true or false',
  day: 'a date, for example 2024-01-31',
  time: 'an ISO 8601 time with a zone, for example 2024-01-31T09:00:00Z; a bound may be a date',
  list: 'text',
};

const decimal = /^-?\d{1,15}(\.\d{1,4})?$/;

/** A value as PostgreSQL takes it, or `undefined` when the column cannot hold it. */
function parameterOf(
  type: ColumnType,
  is: ExportFilter['is'],
  value: string | number | boolean,
): string | undefined {
  const text = String(value);
  switch (type) {
    case 'number':
    case 'amount':
      return decimal.test(text) ? text : undefined;
    case 'boolean':
      return text === 'true' || text === 'false' ? text : undefined;
    case 'day':
      return isoDate.safeParse(value).success ? text : undefined;
    case 'time':
      if (isoTime.safeParse(value).success) return text;
      if (is === 'any' || !isoDate.safeParse(value).success) return undefined;
      return is === 'from' ? `${text}T00:00:00Z` : `${text}T23:59:59.999999Z`;
    default:
      // PostgreSQL has no text with a NUL in it.
      return typeof value === 'string' && !value.includes('\u0000') ? value : undefined;
  }
}

function isOrdered(type: ColumnType): boolean {
  return type === 'day' || type === 'time' || type === 'number' || type === 'amount';
}

function namesOf(columns: readonly DatasetColumn[]): string {
  return columns.map(({ name }) => name).join(', ');
}
