import type { AuditDetail, AuditLog, AuditOutcome, AuditRecord } from '../port.ts';
import type { Row } from '../postgres/connection.ts';
import { number, records, text, textOrNone, time } from '../postgres/rows.ts';
import type { CallFunction } from './call.ts';

/** The log of what people did. Only functions write it, and triggers refuse to change what is written. */
export function createAudit(call: CallFunction): AuditLog {
  return {
    async begin({ userAgent, correlationId, ...entry }) {
      const row = { ...entry, user_agent: userAgent, correlation_id: correlationId };
      return String(number({ id: await call('begin_audit', { p_entry: row }) }, 'id'));
    },
    async end(id, outcome, detail) {
      await call('end_audit', { p_id: id, p_outcome: outcome, p_detail: detail ?? null });
    },
    async list({ subject, action, object, outcome, from, until, before }, limit) {
      const page = await call('audit_find', {
        p_subject: subject ?? null,
        p_action: action ?? null,
        p_object: object ?? null,
        p_outcome: outcome ?? null,
        p_from: from ?? null,
        p_until: until ?? null,
        p_before: before ?? null,
        p_limit: limit,
      });
      return records({ page }, 'page').map(readRecord);
    },
  };
}

function readRecord(row: Row): AuditRecord {
  return {
    id: String(number(row, 'id')),
    at: time(row, 'at'),
    subject: text(row, 'subject'),
    name: textOrNone(row, 'name'),
    role: textOrNone(row, 'role'),
    via: text(row, 'via'),
    action: text(row, 'action'),
    object: text(row, 'object'),
    address: textOrNone(row, 'address'),
    userAgent: textOrNone(row, 'user_agent'),
    correlationId: text(row, 'correlation_id'),
    detail: readDetail(row.detail),
    outcome: outcomes.find((known) => known === row.outcome),
  };
}

const outcomes: readonly AuditOutcome[] = ['done', 'refused', 'failed'];

function readDetail(value: unknown): AuditDetail | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(Object.entries(value));
}
