import { type Refusal, readDate } from './sandbox-search.ts';

/** What Entity Management v3 checks of a search, and what it finds. */

interface Days {
  /** Plain dates, `2024-01-31`. */
  readonly from: string;
  readonly to: string;
}

interface EntitySearch {
  readonly page: number;
  readonly size: number;
  readonly ueis: readonly string[] | undefined;
  readonly registered: Days | undefined;
  readonly updated: Days | undefined;
  readonly sections: readonly string[];
}

const known = new Set([
  'api_key',
  'includeSections',
  'page',
  'size',
  'format',
  'ueiSAM',
  'registrationDate',
  'updateDate',
]);

/** `raw` is the query as it came, since operators count only where they are not escaped. */
export function checkEntitySearch(
  parameters: URLSearchParams,
  raw: string,
  reach: number,
  now: Date,
): EntitySearch | Refusal {
  for (const name of parameters.keys()) {
    if (!known.has(name)) return refused(`The search parameter, ${name} does not exist.`, now);
  }
  if (/%(5b|5d|7e)/i.test(raw))
    return refused('The search value holds characters that are not allowed.', now);
  const page = Number(parameters.get('page') ?? '0');
  const size = Number(parameters.get('size') ?? '10');
  if (!Number.isInteger(page) || !Number.isInteger(size) || page < 0 || size < 1) {
    return refused('page and size must be positive numbers.', now);
  }
  if (size > 10) return refused(`size is ${size}`, now, 'Size Cannot Exceed 10 Records');
  if (page * size > reach) return refused('Results Too Large', now);
  const ueis = listOf(parameters.get('ueiSAM'));
  if (ueis !== undefined && ueis.length > 100) return refused('More than 100 UEI SAM are not allowed.', now);
  const registered = daysOf(parameters.get('registrationDate'));
  const updated = daysOf(parameters.get('updateDate'));
  if (registered === 'malformed' || updated === 'malformed') {
    return refused('Dates must be specified in the MM/DD/YYYY format.', now);
  }
  const sections = (parameters.get('includeSections') ?? 'entityRegistration,coreData').split(',');
  return { page, size, ueis, registered, updated, sections };
}

/** The errors of v3. */
export function refused(message: string, now: Date, detail?: string, status = 400): Refusal {
  const body = {
    status,
    timestamp: now.toISOString(),
    message,
    detail: detail ?? message,
    errorCode: String(status),
    transaction_id: 'sandbox',
  };
  return { status, body };
}

function listOf(value: string | null): readonly string[] | undefined {
  if (value === null) return undefined;
  return value.startsWith('[') && value.endsWith(']') ? value.slice(1, -1).split('~') : [value];
}

function daysOf(value: string | null): Days | 'malformed' | undefined {
  if (value === null) return undefined;
  const parts = value.startsWith('[') && value.endsWith(']') ? value.slice(1, -1).split(',') : [value, value];
  const [from, to] = parts.map(readDate);
  if (from === undefined || to === undefined || parts.length !== 2) return 'malformed';
  return { from: from.toISOString().slice(0, 10), to: to.toISOString().slice(0, 10) };
}

/** The page, with the oddities of the real one: a lone record comes without its list, no record as the text "0". */
export function searchEntitiesIn(entities: readonly unknown[], search: EntitySearch, path: string): object {
  const { page, size } = search;
  const found = findEntities(entities, search);
  const records = found.slice(page * size, (page + 1) * size);
  const more = (page + 1) * size < found.length;
  return {
    totalRecords: found.length === 0 ? '0' : found.length,
    entityData: records.length === 1 ? records[0] : records,
    links: {
      selfLink: `${path}?api_key=REPLACE_WITH_API_KEY&page=${page}&size=${size}`,
      ...(more ? { nextLink: `${path}?api_key=REPLACE_WITH_API_KEY&page=${page + 1}&size=${size}` } : {}),
    },
  };
}

/** All records of a search, with the sections that it wants. */
export function findEntities(entities: readonly unknown[], search: EntitySearch): readonly unknown[] {
  const { ueis, registered, updated, sections } = search;
  const found = entities.filter((entity) => {
    const registration = fieldOf(entity, 'entityRegistration');
    const uei = fieldOf(registration, 'ueiSAM');
    return (
      (ueis === undefined || (typeof uei === 'string' && ueis.includes(uei))) &&
      within(fieldOf(registration, 'registrationDate'), registered) &&
      within(fieldOf(registration, 'lastUpdateDate'), updated)
    );
  });
  return found.map((entity) => sectionsOf(entity, sections));
}

/** Records without a readable day, which are there to be malformed, are in every range. */
function within(value: unknown, days: Days | undefined): boolean {
  if (days === undefined || typeof value !== 'string') return true;
  return value >= days.from && value <= days.to;
}

function sectionsOf(entity: unknown, sections: readonly string[]): unknown {
  if (typeof entity !== 'object' || entity === null || Array.isArray(entity)) return entity;
  return Object.fromEntries(Object.entries(entity).filter(([name]) => sections.includes(name)));
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === field)?.[1]
    : undefined;
}
