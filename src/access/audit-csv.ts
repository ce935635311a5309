import { stringify } from 'csv-stringify/sync';
import type { AuditFilter, AuditLog, AuditRecord } from '../integrations/database/port.ts';

/** Entries that are read at a time. */
const pageSize = 500;
/** Without it Excel takes UTF-8 for the code page of the machine. */
const byteOrderMark = '\ufeff';

const columns: Readonly<Record<string, (record: AuditRecord) => string | undefined>> = {
  id: ({ id }) => id,
  at: ({ at }) => at.toISOString(),
  subject: ({ subject }) => subject,
  name: ({ name }) => name,
  role: ({ role }) => role,
  via: ({ via }) => via,
  action: ({ action }) => action,
  object: ({ object }) => object,
  outcome: ({ outcome }) => outcome ?? 'open',
  address: ({ address }) => address,
  userAgent: ({ userAgent }) => userAgent,
  correlationId: ({ correlationId }) => correlationId,
  detail: ({ detail }) => (detail === undefined ? undefined : JSON.stringify(detail)),
};

/**
 * The entries that fit, the newest first, as CSV (RFC 4180), page by page, so that a log of years needs no more memory
 * than one of a day. Entries that are written meanwhile are not in it. What a spreadsheet would take for a formula bears
 * an apostrophe: names and browsers say of themselves what they like.
 */
export async function* auditCsv(log: AuditLog, filter: AuditFilter): AsyncGenerator<string, void> {
  yield `${byteOrderMark}${Object.keys(columns).join(',')}\r\n`;
  let before = filter.before;
  for (;;) {
    const page = await log.list({ ...filter, before }, pageSize);
    if (page.length === 0) return;
    const rows = page.map((record) => Object.values(columns).map((cell) => cell(record)));
    yield stringify(rows, { escape_formulas: true, record_delimiter: 'windows' });
    if (page.length < pageSize) return;
    before = page.at(-1)?.id;
  }
}
