/** What SAM.gov checks of a search, and what it finds. */

export interface Refusal {
  readonly status: number;
  readonly body?: unknown;
  readonly html?: string;
}

interface Search {
  /** Plain dates, `2024-01-31`. */
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  /** Index of the page. */
  readonly offset: number;
}

/** Parameters that it does not know are left aside without a word, as the real one does. */
export function checkSearch(parameters: URLSearchParams): Search | Refusal {
  const postedFrom = parameters.get('postedFrom') ?? '';
  const postedTo = parameters.get('postedTo') ?? '';
  if (postedFrom === '' || postedTo === '') return malformed('PostedFrom and PostedTo are mandatory');
  const from = readDate(postedFrom);
  const to = readDate(postedTo);
  if (from === undefined || to === undefined) {
    return malformed('Invalid Date Entered. Expected date format is MM/dd/yyyy');
  }
  if ((to.getTime() - from.getTime()) / 86_400_000 > 364) {
    return malformed('Date range must be no more than 1 year apart');
  }
  const limit = Number(parameters.get('limit') ?? '1');
  const offset = Number(parameters.get('offset') ?? '0');
  if (!Number.isInteger(limit) || !Number.isInteger(offset) || limit < 0 || offset < 0) {
    return malformed('limit/offset must be a positive number.');
  }
  if (limit > 1_000) return malformed('Limit valid range is 0-1000. Please provide valid input.');
  return { from: from.toISOString().slice(0, 10), to: to.toISOString().slice(0, 10), limit, offset };
}

function malformed(message: string): Refusal {
  return { status: 400, body: { errorCode: '400', errorMessage: message } };
}

/** `01/31/2024`, and nothing else. */
export function readDate(text: string): Date | undefined {
  const match = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text);
  if (match === null) return undefined;
  const iso = `${match[3]}-${match[1]}-${match[2]}`;
  const date = new Date(`${iso}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso ? undefined : date;
}

interface Posted {
  readonly record: unknown;
  readonly posted: string;
}

/** Each list is sorted once: a client pages through it a hundred times. */
const sorted = new WeakMap<readonly unknown[], readonly Posted[]>();

function newestFirst(opportunities: readonly unknown[]): readonly Posted[] {
  const known = sorted.get(opportunities);
  if (known !== undefined) return known;
  const made = opportunities
    .map((record) => ({ record, posted: postedOf(record) }))
    .sort((a, b) => (a.posted === b.posted ? 0 : a.posted < b.posted ? 1 : -1));
  sorted.set(opportunities, made);
  return made;
}

/** Newest first; records without a day, which are there to be malformed, come last in every range. */
export function searchIn(opportunities: readonly unknown[], search: Search) {
  const found = newestFirst(opportunities)
    .filter(({ posted }) => posted === '' || (posted >= search.from && posted <= search.to))
    .map(({ record }) => record);
  const start = search.offset * search.limit;
  const page = found.slice(start, start + search.limit);
  // Past the end there is one arbitrary record instead of none.
  const stray = page.length === 0 && search.offset > 0 && search.limit > 0 ? opportunities.slice(0, 1) : page;
  return { total: found.length, page: stray };
}

function postedOf(record: unknown): string {
  const posted =
    typeof record === 'object' && record !== null && 'postedDate' in record ? record.postedDate : '';
  return typeof posted === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(posted) ? posted : '';
}
