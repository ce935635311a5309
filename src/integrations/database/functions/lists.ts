import { z } from 'zod';
import { MillraceError } from '../../../errors/catalogue.ts';
import {
  deliveryOutcomes,
  deliveryStatuses,
  type KeptReject,
  type ListPage,
  type Lists,
  type MailRecord,
  type Place,
  type SyncRun,
} from '../port.ts';
import { readCerReport } from '../postgres/cer.ts';
import type { Row } from '../postgres/connection.ts';
import { readConversion } from '../postgres/conversions.ts';
import { readDocument } from '../postgres/documents.ts';
import { number, records, text, textOrNone, time, timeOrNone, truth } from '../postgres/rows.ts';
import { readTotals, readWindows } from '../postgres/syncs.ts';
import type { CallFunction } from './call.ts';
import { rowOrNone } from './rows.ts';

/** What people look through, newest first. */
export function createLists(call: CallFunction): Lists {
  const page = async <T>(
    name: string,
    args: Readonly<Record<string, unknown>>,
    { cursor, limit }: Place,
    read: (row: Row) => T,
  ): Promise<ListPage<T>> => {
    const before = cursor === undefined ? null : readCursor(cursor);
    // One more tells whether the list goes on.
    const answer = await call(name, { ...args, p_before: before, p_limit: limit + 1 });
    const rows = records({ rows: answer }, 'rows');
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      rows: rows.slice(0, limit).map(read),
      next: last === undefined ? undefined : writeCursor(last.place ?? last.id),
    };
  };

  return {
    documents: ({ kind, format }, place) =>
      page('document_page', { p_kind: kind ?? null, p_format: format ?? null }, place, readDocument),
    mails: ({ recipient, status, outcome, template }, place) =>
      page('mail_page', { p_filter: { recipient, status, outcome, template } }, place, readMail),
    async mail({ jobKey, recipient }) {
      const row = rowOrNone(await call('find_mail', { p_job_key: jobKey, p_recipient: recipient }));
      if (row === undefined) return undefined;
      const events = records(row, 'events').map((event) => ({
        type: outcomeOf(text(event, 'type')),
        reason: textOrNone(event, 'reason'),
        at: time(event, 'at'),
      }));
      return { ...readMail(row), events };
    },
    syncRuns: ({ kind }, place) =>
      page('sync_run_page', { p_kind: kind ?? null, p_job_key: null }, place, readSyncRun),
    async syncRun(kind, jobKey) {
      const { rows } = await page(
        'sync_run_page',
        { p_kind: kind, p_job_key: jobKey },
        { limit: 1 },
        readSyncRun,
      );
      return rows[0];
    },
    syncRejects: ({ kind, jobKey }, place) =>
      page('sync_reject_page', { p_kind: kind, p_job_key: jobKey }, place, readReject),
    async syncState() {
      const row = rowOrNone(await call('sync_state'));
      if (row === undefined) throw new Error('sync_state answered nothing.');
      return {
        kinds: records(row, 'kinds').map((kind) => ({
          kind: text(kind, 'kind'),
          syncedThrough: textOrNone(kind, 'synced_through'),
          updatedAt: time(kind, 'updated_at'),
        })),
        requests: records(row, 'requests').map((key) => ({
          key: text(key, 'key'),
          used: number(key, 'used'),
        })),
      };
    },
    conversions: ({ status, errorCode }, place) =>
      page(
        'conversion_page',
        { p_status: status ?? null, p_error_code: errorCode ?? null },
        place,
        readConversion,
      ),
    cerReports: ({ status }, place) =>
      page('cer_report_page', { p_status: status ?? null }, place, readCerReport),
  };
}

const placeSchema = z.union([
  z.int().min(1),
  z.tuple([z.int(), z.union([z.int(), z.string().max(1_000)])], z.string().max(1_000)),
]);

function writeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function readCursor(cursor: string): z.output<typeof placeSchema> {
  try {
    return placeSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (error) {
    throw new MillraceError(
      'INVALID_REQUEST',
      'The cursor is none that a page before has given. Begin with the first page.',
      { cause: error },
    );
  }
}

function readMail(row: Row): MailRecord {
  const outcome = textOrNone(row, 'outcome');
  const status = deliveryStatuses.find((known) => known === row.status);
  if (status === undefined) throw new Error('A mail has a status that this version does not know.');
  return {
    jobKey: text(row, 'job_key'),
    recipient: text(row, 'recipient'),
    template: text(row, 'template'),
    provider: text(row, 'provider'),
    status,
    messageId: textOrNone(row, 'message_id'),
    reason: textOrNone(row, 'reason'),
    attempts: number(row, 'attempts'),
    claimedAt: time(row, 'claimed_at'),
    sentAt: timeOrNone(row, 'sent_at'),
    outcome: outcome === undefined ? undefined : outcomeOf(outcome),
    outcomeAt: timeOrNone(row, 'outcome_at'),
    outcomeReason: textOrNone(row, 'outcome_reason'),
  };
}

function outcomeOf(name: string): (typeof deliveryOutcomes)[number] {
  const outcome = deliveryOutcomes.find((known) => known === name);
  if (outcome === undefined) throw new Error('A mail has an outcome that this version does not know.');
  return outcome;
}

function readSyncRun(row: Row): SyncRun {
  return {
    kind: text(row, 'kind'),
    jobKey: text(row, 'job_key'),
    windows: readWindows(row.windows),
    nextPage: number(row, 'next_page'),
    totals: readTotals(row.totals),
    rejects: number(row, 'rejects'),
    running: truth(row, 'running'),
    updatedAt: time(row, 'updated_at'),
  };
}

function readReject(row: Row): KeptReject {
  return {
    id: String(number(row, 'id')),
    recordId: textOrNone(row, 'record_id'),
    reason: text(row, 'reason'),
    raw: row.raw,
    createdAt: time(row, 'created_at'),
  };
}
