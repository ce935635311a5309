import type { ReportRow } from '../../port.ts';
import type { Row } from '../connection.ts';
import { text, textOrNone, timeOrNone } from '../rows.ts';

/** What a report says of an opportunity. */
export const reportColumns = `notice_id, title, agency, notice_type, set_aside, naics, posted_on, response_deadline,
         award_amount::text as award_amount, url`;

export function readReportRow(row: Row): ReportRow {
  return {
    noticeId: text(row, 'notice_id'),
    title: text(row, 'title'),
    agency: textOrNone(row, 'agency'),
    noticeType: textOrNone(row, 'notice_type'),
    setAside: textOrNone(row, 'set_aside'),
    naics: textOrNone(row, 'naics'),
    postedOn: text(row, 'posted_on'),
    responseDeadline: timeOrNone(row, 'response_deadline'),
    awardAmount: textOrNone(row, 'award_amount'),
    url: textOrNone(row, 'url'),
  };
}
