import type { Opportunities, OpportunityRow } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number } from './rows.ts';
import { savePage } from './sync-page.ts';

/** The notices. */
export function createOpportunities(connection: Connection): Opportunities {
  return {
    savePage: (rows, rejects, checkpoint, lease) =>
      savePage(connection, 'save_opportunity_page', rows.map(columnsOf), rejects, checkpoint, lease),
    async count() {
      const [row] = await connection.query('select count(*) as count from opportunities');
      return row === undefined ? 0 : number(row, 'count');
    },
  };
}

export function columnsOf(row: OpportunityRow): Row {
  return {
    notice_id: row.noticeId,
    title: row.title,
    solicitation: row.solicitation,
    agency: row.agency,
    office: row.office,
    notice_type: row.noticeType,
    set_aside: row.setAside,
    naics: row.naics,
    classification: row.classification,
    posted_on: row.postedOn,
    response_deadline: row.responseDeadline,
    archive_on: row.archiveOn,
    active: row.active,
    place_state: row.placeState,
    place_country: row.placeCountry,
    award_amount: row.awardAmount,
    award_on: row.awardOn,
    awardee: row.awardee,
    url: row.url,
    description_url: row.descriptionUrl,
    raw: row.raw,
    content_hash: row.contentHash,
  };
}
