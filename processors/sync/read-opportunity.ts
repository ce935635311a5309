import type { OpportunityRow } from '../../src/integrations/database/port.ts';
import { contentHash } from './content-hash.ts';
import type { Reading } from './source.ts';
import { storable } from './storable.ts';
import {
  fieldOf,
  isRecord,
  readAmount,
  readDate,
  readMoment,
  readText,
  readUrl,
  type WireRecord,
} from './wire-values.ts';

/**
 * Reads a record of Get Opportunities v2. Only what a row cannot be without makes a record be put aside: its notice
 * id, its title and the day it was posted. Everything else may be null, absent or of another shape. Never throws.
 */
export function readOpportunity(record: unknown): Reading<OpportunityRow> {
  const safe = storable(record);
  if (safe === undefined) return putAside('nested too deeply', null, undefined);
  const raw = safe.value;
  if (!isRecord(raw)) return putAside('not an object', raw, undefined);
  const noticeId = readText(raw.noticeId, 200);
  if (noticeId === null) return putAside('no noticeId', raw, undefined);
  const title = readText(raw.title, 2_000);
  if (title === null) return putAside('no title', raw, noticeId);
  const postedOn = readDate(raw.postedDate);
  if (postedOn === null) return putAside('no postedDate that is a date', raw, noticeId);
  const meaning = { noticeId, title, postedOn, ...readOrganisation(raw), ...readDetails(raw) };
  // The links of a record only repeat how it was asked for.
  const { links: _, ...content } = raw;
  return { row: { ...meaning, raw, contentHash: contentHash([meaning, content]) } };
}

function putAside(reason: string, raw: unknown, recordId: string | undefined): Reading<OpportunityRow> {
  return { reject: { recordId, reason, raw } };
}

/** `DEPT OF DEFENSE.DEPT OF THE NAVY.NAVSUP`, and before it one field for each level. */
function readOrganisation(raw: WireRecord) {
  const path = (readText(raw.fullParentPathName, 2_000) ?? '')
    .split('.')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const agency = path[0] ?? readText(raw.department);
  const office = (path.length > 1 ? path.at(-1) : undefined) ?? readText(raw.office) ?? readText(raw.subTier);
  return { agency, office };
}

function readDetails(raw: WireRecord) {
  const award = raw.award;
  const awardee = fieldOf(award, 'awardee');
  return {
    solicitation: readText(raw.solicitationNumber),
    noticeType: readText(raw.type) ?? readText(raw.baseType),
    setAside: readSetAside(raw),
    naics: readText(raw.naicsCode, 20) ?? readText(firstOf(raw.naicsCodes), 20),
    classification: readText(raw.classificationCode, 20),
    responseDeadline: readMoment(raw.responseDeadLine),
    archiveOn: readDate(raw.archiveDate),
    active: raw.active !== false && readText(raw.active)?.toLowerCase() !== 'no',
    placeState: readPlace(raw.placeOfPerformance, 'state'),
    placeCountry: readPlace(raw.placeOfPerformance, 'country'),
    awardAmount: readAmount(fieldOf(award, 'amount')),
    awardOn: readDate(fieldOf(award, 'date')),
    awardee: readText(fieldOf(awardee, 'name')) ?? readText(awardee),
    url: readUrl(raw.uiLink),
    descriptionUrl: readUrl(raw.description),
  };
}

/** The code; real data also says in words that there is none. */
function readSetAside(raw: WireRecord): string | null {
  const code = readText(raw.typeOfSetAside, 100) ?? readText(raw.setAsideCode, 100);
  return code === null || /^(none|no set aside used)$/i.test(code) ? null : code;
}

function readPlace(place: unknown, part: 'state' | 'country'): string | null {
  const value = fieldOf(place, part);
  return (
    readText(fieldOf(value, 'code'), 100) ?? readText(fieldOf(value, 'name'), 100) ?? readText(value, 100)
  );
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}
