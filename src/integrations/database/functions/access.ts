import type { AccessTables, ApiToken } from '../port.ts';
import type { Row } from '../postgres/connection.ts';
import { number, records, text, textOrNone, time, timeOrNone } from '../postgres/rows.ts';
import type { CallFunction } from './call.ts';
import { rowOrNone } from './rows.ts';

/** Tokens, sessions and tries to sign in. */
export function createAccessTables(call: CallFunction): AccessTables {
  return {
    tokens: {
      async create({ id, subject, role, createdBy, expiresAt }) {
        const row = rowOrNone(
          await call('create_api_token', {
            p_id: id,
            p_subject: subject,
            p_role: role,
            p_created_by: createdBy,
            p_expires_at: expiresAt,
          }),
        );
        if (row === undefined) throw new Error('create_api_token answered nothing.');
        return readToken(row);
      },
      async list({ subject, before }, limit) {
        const rows = await call('api_token_page', {
          p_subject: subject ?? null,
          p_before: before ?? null,
          p_limit: limit,
        });
        return records({ rows }, 'rows').map(readToken);
      },
      async revoke(id, revokedBy) {
        const row = rowOrNone(await call('revoke_api_token', { p_id: id, p_revoked_by: revokedBy }));
        return row === undefined ? undefined : readToken(row);
      },
    },
    sessions: {
      async open({ id, subject, via, expiresAt }) {
        await call('open_session', { p_id: id, p_subject: subject, p_via: via, p_expires_at: expiresAt });
      },
      async close(id) {
        await call('close_session', { p_id: id });
      },
      async closeAll(subject, via) {
        return number({ closed: await call('close_sessions', { p_subject: subject, p_via: via }) }, 'closed');
      },
    },
    revocations: {
      async since(since) {
        const row = rowOrNone(await call('revocations_since', { p_since: since }));
        if (row === undefined) throw new Error('revocations_since answered nothing.');
        const ids = records(row, 'ids').map((each) => ({
          id: text(each, 'id'),
          until: number(each, 'until'),
        }));
        return { at: number(row, 'at'), ids };
      },
    },
    tries: {
      async take(keys, windowSeconds) {
        const wait = await call('take_sign_in_try', { p_keys: keys, p_seconds: windowSeconds });
        return number({ wait }, 'wait');
      },
      async forget(keys) {
        await call('forget_sign_in_try', { p_keys: keys });
      },
    },
  };
}

function readToken(row: Row): ApiToken {
  return {
    id: text(row, 'id'),
    subject: text(row, 'subject'),
    role: text(row, 'role'),
    createdBy: text(row, 'created_by'),
    createdAt: time(row, 'created_at'),
    expiresAt: time(row, 'expires_at'),
    revokedBy: textOrNone(row, 'revoked_by'),
    revokedAt: timeOrNone(row, 'revoked_at'),
    cursor: String(number(row, 'seq')),
  };
}
