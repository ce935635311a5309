import { MillraceError } from '../../errors/catalogue.ts';
import { entityPageSize, type SamGovPage } from './port.ts';

/** What the answers of SAM.gov say. Their shapes are only partly documented, so nothing is taken for granted. */

const messageLimit = 500;

/** JSON, or `undefined` for whatever is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The sentence in an error's body, whichever of the shapes seen in the wild it has; at most 500 characters. */
export function errorText(body: string): string {
  const json = parseJson(body);
  const said = isRecord(json) ? messageIn(json) : undefined;
  const text = plainText(said ?? body);
  return text === '' ? 'no message' : text;
}

function messageIn(json: Readonly<Record<string, unknown>>): string | undefined {
  const inner = isRecord(json.error) ? json.error.message : json.error;
  const candidates = [json.errorMessage, json.message, json.description, inner, json.detail];
  const said = candidates.find((value): value is string => typeof value === 'string' && value.trim() !== '');
  // Entity Management puts the title into `message` and what is wrong into `detail`.
  const more = typeof json.detail === 'string' && json.detail !== said ? json.detail : undefined;
  return said === undefined || more === undefined ? said : `${said}: ${more}`;
}

/** HTML without its tags, on one line, cut to 500 characters. */
function plainText(html: string): string {
  const text = html
    .replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&(?:nbsp|#160);/gi, ' ')
    .replace(/&lt;/gi, '<')
    .replace(/&gt;/gi, '>')
    .replace(/&quot;/gi, '"')
    .replace(/&(?:apos|#0?39);/gi, "'")
    .replace(/&amp;/gi, '&')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .toWellFormed();
  return text.length <= messageLimit ? text : `${text.slice(0, messageLimit - 1).toWellFormed()}…`;
}

/** A 404 means that nothing was found, or that nothing is at that address; only the text tells which. */
export function saysNoData(body: string): boolean {
  const json = parseJson(body);
  if (isRecord(json) && (Array.isArray(json.opportunitiesData) || Array.isArray(json.entityData)))
    return true;
  const subject = '(data|records?|results?|opportunit(?:y|ies)|entit(?:y|ies))';
  return new RegExp(`\\bno ${subject}\\b|\\b${subject} (?:was |were )?not found\\b`, 'i').test(
    errorText(body),
  );
}

/**
 * Reads a page of Get Opportunities v2. `totalRecords` comes as null or text in malformed replies.
 * @throws MillraceError SYNC_UNAVAILABLE when it cannot be told how many records there are, or they are missing:
 * taking such a reply for the end would lose notices without a word.
 */
export function readPage(body: string, page: number, pageSize: number): SamGovPage {
  const json = parseJson(body);
  if (!isRecord(json)) throw unreadable('is no JSON object');
  const totalRecords = readTotal(json.totalRecords);
  if (totalRecords === undefined) throw unreadable('does not say how many records there are');
  const records = readRecords(json.opportunitiesData);
  const pastTheEnd = page * pageSize >= totalRecords;
  if (!pastTheEnd && (records === undefined || records.length === 0)) {
    throw unreadable(`promises ${totalRecords} records and has none on page ${page}`);
  }
  return { totalRecords, records: records ?? [] };
}

/**
 * Reads a page of Entity Management v3. `totalRecords` may be missing, null or "0": then a page that is not full ends the
 * search, and a full one does unless it links to the next.
 * @throws MillraceError SYNC_UNAVAILABLE when it cannot be told what the answer means.
 */
export function readEntityPage(body: string, page: number): SamGovPage {
  const json = parseJson(body);
  if (!isRecord(json)) throw unreadable('is no JSON object');
  const records = readRecords(json.entityData) ?? [];
  const total = readTotal(json.totalRecords);
  const seen = page * entityPageSize + records.length;
  if (total === undefined && records.length === 0 && page > 0) {
    throw unreadable('has neither records nor their number');
  }
  if (total !== undefined && records.length === 0 && page * entityPageSize < total) {
    throw unreadable(`promises ${total} records and has none on page ${page}`);
  }
  if (records.length === 0) return { totalRecords: total ?? 0, records };
  const more = records.length >= entityPageSize && isRecord(json.links) && hasText(json.links.nextLink);
  return { totalRecords: total !== undefined && total >= seen ? total : seen + (more ? 1 : 0), records };
}

/**
 * The token in the answer to an asked-for extract: a sentence with a link, which is not followed as it is, since the key
 * goes nowhere but to the configured address.
 * @throws MillraceError SYNC_UNAVAILABLE when there is none.
 */
export function extractTokenIn(body: string): string {
  const link = /download-entities\?[^\s"'<>]*/.exec(body)?.[0] ?? '';
  const token = new URLSearchParams(link.slice(link.indexOf('?') + 1).replaceAll('&amp;', '&')).get('token');
  if (token === null || token === '' || token.length > 2_000) {
    throw unreadable('to the request for an extract has no link to it');
  }
  return token;
}

function hasText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function readTotal(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\s*\d{1,9}\s*$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function readRecords(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  // A sister API of SAM.gov gives a lone record without its list.
  return isRecord(value) ? [value] : undefined;
}

function unreadable(why: string): MillraceError {
  return new MillraceError('SYNC_UNAVAILABLE', `SAM.gov's answer ${why}. It is asked again.`);
}
