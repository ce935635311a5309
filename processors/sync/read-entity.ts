import type { EntityRow } from '../../src/integrations/database/port.ts';
import { contentHash } from './content-hash.ts';
import type { Reading } from './source.ts';
import { storable } from './storable.ts';
import { fieldOf, isRecord, readDate, readText, readUrl } from './wire-values.ts';

/** Above any real list; a record must not make a row of any size. */
const mostTypes = 200;

/**
 * Reads a record of Entity Management v3. Only without its UEI or its name is it put aside; everything else may be null,
 * absent or of another shape. Never throws.
 */
export function readEntity(record: unknown): Reading<EntityRow> {
  const safe = storable(record);
  if (safe === undefined) return putAside('nested too deeply', null, undefined);
  const raw = safe.value;
  if (!isRecord(raw)) return putAside('not an object', raw, undefined);
  const registration = raw.entityRegistration;
  const uei = readText(fieldOf(registration, 'ueiSAM'), 40)?.toUpperCase() ?? null;
  if (uei === null) return putAside('no ueiSAM', raw, undefined);
  if (!/^[A-Z0-9]{12}$/.test(uei)) return putAside('ueiSAM is no UEI', raw, uei);
  const legalName = readText(fieldOf(registration, 'legalBusinessName'));
  if (legalName === null) return putAside('no legalBusinessName', raw, uei);
  const meaning = {
    uei,
    legalName,
    ...readRegistration(registration),
    ...readCore(raw.coreData),
    naics: readText(fieldOf(fieldOf(raw.assertions, 'goodsAndServices'), 'primaryNaics'), 20),
  };
  // Links only repeat how the record was asked for.
  const { links: _, ...content } = raw;
  return { row: { ...meaning, raw, contentHash: contentHash([meaning, content]) } };
}

function putAside(reason: string, raw: unknown, recordId: string | undefined): Reading<EntityRow> {
  return { reject: { recordId, reason, raw } };
}

function readRegistration(registration: unknown) {
  const text = (field: string, max?: number) => readText(fieldOf(registration, field), max);
  const date = (field: string) => readDate(fieldOf(registration, field));
  return {
    eftIndicator: text('entityEFTIndicator', 40) ?? '',
    dbaName: text('dbaName'),
    cageCode: text('cageCode', 20),
    status: text('registrationStatus', 100),
    purpose: text('purposeOfRegistrationDesc', 200) ?? text('purposeOfRegistrationCode', 20),
    registeredOn: date('registrationDate'),
    activatedOn: date('activationDate'),
    updatedOn: date('lastUpdateDate'),
    expiresOn: date('registrationExpirationDate'),
    excluded: /^y(es)?$/i.test(text('exclusionStatusFlag', 10) ?? ''),
  };
}

function readCore(core: unknown) {
  const address = fieldOf(core, 'physicalAddress');
  const types = fieldOf(core, 'businessTypes');
  return {
    url: readUrl(withScheme(readText(fieldOf(fieldOf(core, 'entityInformation'), 'entityURL'), 2_000))),
    city: readText(fieldOf(address, 'city'), 200),
    state: readText(fieldOf(address, 'stateOrProvinceCode'), 100),
    zip: readText(fieldOf(address, 'zipCode'), 20),
    country: readText(fieldOf(address, 'countryCode'), 20),
    businessTypes: codesOf(fieldOf(types, 'businessTypeList'), 'businessTypeCode'),
    sbaTypes: codesOf(fieldOf(types, 'sbaBusinessTypeList'), 'sbaBusinessTypeCode'),
  };
}

/** Companies give their site as `www.example.com` too. */
function withScheme(text: string | null): string | null {
  return text === null || /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `http://${text}`;
}

/** The codes of a list, each once, in order, so that a list in another order is the same. A lone item may lack its list. */
function codesOf(list: unknown, field: string): readonly string[] {
  const items: readonly unknown[] = Array.isArray(list) ? list : [list];
  const codes = items
    .slice(0, mostTypes)
    .map((item) => readText(fieldOf(item, field), 20))
    .filter((code) => code !== null);
  return [...new Set(codes)].sort();
}
