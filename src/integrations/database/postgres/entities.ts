import type { Entities, EntityRow } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, text, textOrNone, texts, truth } from './rows.ts';
import { savePage } from './sync-page.ts';

/** Companies that are registered for federal work. */
export function createEntities(connection: Connection): Entities {
  return {
    savePage: (rows, rejects, checkpoint, lease) =>
      savePage(connection, 'save_entity_page', rows.map(columnsOf), rejects, checkpoint, lease),
    async find(uei) {
      const [row] = await connection.query('select * from entities where uei = $1', [uei]);
      return row === undefined ? undefined : entityOf(row);
    },
    async count() {
      const [row] = await connection.query('select count(*) as count from entities');
      return row === undefined ? 0 : number(row, 'count');
    },
  };
}

export function columnsOf(row: EntityRow): Row {
  return {
    uei: row.uei,
    eft_indicator: row.eftIndicator,
    legal_name: row.legalName,
    dba_name: row.dbaName,
    cage_code: row.cageCode,
    status: row.status,
    purpose: row.purpose,
    registered_on: row.registeredOn,
    activated_on: row.activatedOn,
    updated_on: row.updatedOn,
    expires_on: row.expiresOn,
    excluded: row.excluded,
    url: row.url,
    city: row.city,
    state: row.state,
    zip: row.zip,
    country: row.country,
    naics: row.naics,
    business_types: row.businessTypes,
    sba_types: row.sbaTypes,
    raw: row.raw,
    content_hash: row.contentHash,
  };
}

export function entityOf(row: Row): EntityRow {
  const orNull = (column: string) => textOrNone(row, column) ?? null;
  return {
    uei: text(row, 'uei'),
    eftIndicator: text(row, 'eft_indicator'),
    legalName: text(row, 'legal_name'),
    dbaName: orNull('dba_name'),
    cageCode: orNull('cage_code'),
    status: orNull('status'),
    purpose: orNull('purpose'),
    registeredOn: orNull('registered_on'),
    activatedOn: orNull('activated_on'),
    updatedOn: orNull('updated_on'),
    expiresOn: orNull('expires_on'),
    excluded: truth(row, 'excluded'),
    url: orNull('url'),
    city: orNull('city'),
    state: orNull('state'),
    zip: orNull('zip'),
    country: orNull('country'),
    naics: orNull('naics'),
    businessTypes: texts(row, 'business_types'),
    sbaTypes: texts(row, 'sba_types'),
    raw: row.raw,
    contentHash: text(row, 'content_hash'),
  };
}
