import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';
import { errorText, isRecord, parseJson, readEntityPage, readPage, saysNoData } from './answers.ts';
import { readBody, readStart } from './body.ts';
import { nextUtcMidnight, parseNextAccessTime, parseRetryAfter, toSamGovDate } from './dates.ts';
import { createPace } from './pace.ts';
import {
  type EntityQuery,
  entityPageSize,
  type OpportunityQuery,
  type SamGov,
  type SamGovPage,
} from './port.ts';

export interface SamGovOptions {
  readonly apiKey: string;
  /** `https://api.sam.gov`, with or without `/prod`. */
  readonly baseUrl: string;
  /** How long one request may take, its body included. */
  readonly timeoutMs?: number;
  /** Pause between two requests; bursts below 2 s are reported to be refused. */
  readonly minIntervalMs?: number;
  /** Largest page that is read, in bytes. */
  readonly maxBytes?: number;
  readonly now?: () => Date;
}

const day = 24 * 3_600_000;
const errorBytes = 16 * 1_024;

/**
 * Get Opportunities v2 (https://open.gsa.gov/api/get-opportunities-public-api/) and Entity Management v3
 * (https://open.gsa.gov/api/entity-api/). The key can only be sent in the query there, so no address and no error of the
 * HTTP layer is ever passed on.
 */
export function createSamGov(options: SamGovOptions): SamGov {
  const { apiKey, timeoutMs = 60_000, minIntervalMs = 2_000, maxBytes = 64 * 1_024 * 1_024 } = options;
  const now = options.now ?? (() => new Date());
  const base = options.baseUrl.replace(/\/+$/, '');
  const turn = createPace(minIntervalMs);
  const redact = redactorFor(apiKey);
  // In a page only links can hold the key; replacing a short one anywhere would tear texts apart.
  const redactLinks = redactorFor(apiKey, 'api_key=');

  async function ask(
    address: string,
    read: (body: string) => SamGovPage,
    signal: AbortSignal,
  ): Promise<SamGovPage> {
    const response = await fetch(address, {
      headers: { accept: 'application/json' },
      // A redirect might carry the key to somebody else.
      redirect: 'manual',
      signal,
    });
    if (response.ok) return read(redactLinks(await readBody(response, maxBytes)));
    const body = redact(await readStart(response, errorBytes));
    if (response.status === 404 && saysNoData(body)) return { totalRecords: 0, records: [] };
    // Once more: reading JSON and HTML undoes escapes that the key may have hidden in.
    throw refusal(response, body, redact(errorText(body)), now());
  }

  async function search(
    address: string,
    read: (body: string) => SamGovPage,
    signal: AbortSignal,
  ): Promise<SamGovPage> {
    await turn(signal);
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await ask(address, read, AbortSignal.any([signal, timeout]));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MillraceError) throw error;
      if (timeout.aborted) {
        throw new MillraceError(
          'SYNC_UNAVAILABLE',
          `SAM.gov did not answer within ${timeoutMs} ms. It is asked again.`,
        );
      }
      // Without its cause: fetch puts the address, and so the key, into some of its errors.
      throw new MillraceError(
        'SYNC_UNAVAILABLE',
        `SAM.gov cannot be reached (${networkCode(error)}). Check SAM_GOV_BASE_URL and the network.`,
      );
    }
  }

  return {
    name: 'sam-gov',
    minIntervalMs,
    searchOpportunities: (query, signal) =>
      search(
        `${base}/opportunities/v2/search?${opportunityParameters(query, apiKey)}`,
        (body) => readPage(body, query.page, query.pageSize),
        signal,
      ),
    searchEntities: (query, signal) =>
      search(
        `${base}/entity-information/v3/entities?${entityParameters(query, apiKey)}`,
        (body) => readEntityPage(body, query.page),
        signal,
      ),
  };
}

function opportunityParameters(query: OpportunityQuery, apiKey: string): URLSearchParams {
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

/** Written by hand, since the API wants its operators `[`, `]`, `~` and `,` as they are. */
function entityParameters(query: EntityQuery, apiKey: string): string {
  const { registered, updated, ueis } = query;
  const parameters = [
    `api_key=${encodeURIComponent(apiKey)}`,
    // Points of contact are left out: nothing here needs people's addresses.
    'includeSections=entityRegistration,coreData,assertions',
    `page=${query.page}`,
    `size=${entityPageSize}`,
  ];
  const days = ({ start, end }: { start: string; end: string }) =>
    `[${toSamGovDate(start)},${toSamGovDate(end)}]`;
  if (registered !== undefined) parameters.push(`registrationDate=${days(registered)}`);
  if (updated !== undefined) parameters.push(`updateDate=${days(updated)}`);
  if (ueis !== undefined) parameters.push(`ueiSAM=[${ueis.map(encodeURIComponent).join('~')}]`);
  return parameters.join('&');
}

function refusal(response: Response, body: string, text: string, now: Date): MillraceError {
  const { status } = response;
  const said = `${status}: ${text}`;
  if (status === 429) {
    const wait = waitOf(response, body, now);
    const until = new Date(now.getTime() + wait).toISOString();
    return new RateLimitedError(
      'SYNC_RATE_LIMITED',
      `SAM.gov's quota is used up (${said}). The sync goes on at ${until}; a role on the account raises the quota.`,
      wait,
    );
  }
  // Which status a wrong key gets is not documented; its text is.
  if (status === 401 || status === 403 || (status === 400 && /\b(no|invalid) api_?key\b/i.test(text))) {
    return new MillraceError(
      'SYNC_UNAUTHORIZED',
      `SAM.gov refuses the key (${said}). Keys end after 90 days: make a new one on sam.gov and set SAM_GOV_API_KEY.`,
    );
  }
  if (status === 404) {
    return new MillraceError(
      'SYNC_REJECTED',
      `Nothing is at SAM.gov's address (${said}). Check SAM_GOV_BASE_URL.`,
    );
  }
  if (status >= 500 || status === 408 || status === 425) {
    return new MillraceError('SYNC_UNAVAILABLE', `SAM.gov is unwell (${said}). It is asked again.`);
  }
  if (status >= 400)
    return new MillraceError('SYNC_REJECTED', `SAM.gov refuses the request as malformed (${said}).`);
  return new MillraceError(
    'SYNC_UNAVAILABLE',
    `SAM.gov answers with a redirect (${status}), which is not followed since the key is in the address. Check SAM_GOV_BASE_URL.`,
  );
}

/** The wait of a 429 in ms: `nextAccessTime`, else `Retry-After`, else until the quota returns. */
function waitOf(response: Response, body: string, now: Date): number {
  const json = parseJson(body);
  const at = isRecord(json) ? parseNextAccessTime(json.nextAccessTime) : undefined;
  const wait =
    (at === undefined ? undefined : at.getTime() - now.getTime()) ??
    parseRetryAfter(response.headers.get('retry-after'), now) ??
    nextUtcMidnight(now).getTime() - now.getTime();
  // Clocks differ: never back at once, and never later than quotas can last.
  return Math.min(Math.max(wait, 1_000), 2 * day);
}

/** Takes the key out of texts from outside, in every form it may have there. */
function redactorFor(apiKey: string, before = ''): (text: string) => string {
  const inForm = new URLSearchParams({ k: apiKey }).toString().slice(2);
  const forms = [...new Set([apiKey, encodeURIComponent(apiKey), inForm])].filter((form) => form !== '');
  return (text) =>
    forms.reduce((redacted, form) => redacted.replaceAll(before + form, `${before}[redacted]`), text);
}

function networkCode(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(cause.code))
      return cause.code;
  }
  return 'no connection';
}
