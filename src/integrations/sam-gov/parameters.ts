import { toSamGovDate } from './dates.ts';
import { type EntityQuery, type ExtractQuery, entityPageSize, type OpportunityQuery } from './port.ts';

/** The queries of the searches, the key among them: it can be sent nowhere else. */

export function opportunityParameters(query: OpportunityQuery, apiKey: string): URLSearchParams {
  return new URLSearchParams({
    api_key: apiKey,
    postedFrom: toSamGovDate(query.from),
    postedTo: toSamGovDate(query.to),
    // Left out, it would be 1.
    limit: String(query.pageSize),
    // Despite its name it is the index of the page.
    offset: String(query.page),
  });
}

export function entityParameters(query: EntityQuery, apiKey: string): string {
  return [...entityFilters(query, apiKey), `page=${query.page}`, `size=${entityPageSize}`].join('&');
}

/** The same search as a file: https://open.gsa.gov/api/entity-api/, "Extract API". */
export function extractParameters(query: ExtractQuery, apiKey: string): string {
  return [...entityFilters(query, apiKey), 'format=json'].join('&');
}

/** Written by hand, since the API wants its operators `[`, `]`, `~` and `,` as they are. */
function entityFilters(query: Omit<EntityQuery, 'page'>, apiKey: string): string[] {
  const { registered, updated, ueis } = query;
  const parameters = [
    `api_key=${encodeURIComponent(apiKey)}`,
    // Points of contact are left out: nothing here needs people's addresses.
    'includeSections=entityRegistration,coreData,assertions',
  ];
  const days = ({ start, end }: { start: string; end: string }) =>
    `[${toSamGovDate(start)},${toSamGovDate(end)}]`;
  if (registered !== undefined) parameters.push(`registrationDate=${days(registered)}`);
  if (updated !== undefined) parameters.push(`updateDate=${days(updated)}`);
  if (ueis !== undefined) parameters.push(`ueiSAM=[${ueis.map(encodeURIComponent).join('~')}]`);
  return parameters;
}
