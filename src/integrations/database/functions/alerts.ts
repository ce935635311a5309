import type { AlertLedger } from '../port.ts';
import { number, text, time, timeOrNone } from '../postgres/rows.ts';
import type { CallFunction } from './call.ts';
import { rowOrNone } from './rows.ts';

/** What operators are told of, and who has been. */
export function createAlertLedger(call: CallFunction): AlertLedger {
  return {
    async note(kinds, wrong) {
      await call('note_alerts', { p_kinds: kinds, p_wrong: wrong });
    },
    async claimNotice(channel, seconds) {
      const row = rowOrNone(await call('claim_alert_notice', { p_channel: channel, p_seconds: seconds }));
      if (row === undefined) return undefined;
      return {
        id: String(number(row, 'id')),
        what: text(row, 'what') === 'raised' ? 'raised' : 'resolved',
        kind: text(row, 'kind'),
        subject: text(row, 'subject'),
        message: text(row, 'message'),
        raisedAt: time(row, 'raisedAt'),
        resolvedAt: timeOrNone(row, 'resolvedAt'),
      };
    },
    async settleNotice({ id, what }, channel) {
      await call('settle_alert_notice', { p_alert: id, p_channel: channel, p_what: what });
    },
  };
}
