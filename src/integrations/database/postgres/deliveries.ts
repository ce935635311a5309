import { createLedger } from '../ledger.ts';
import type { Deliveries } from '../port.ts';
import type { Connection } from './connection.ts';
import { number } from './rows.ts';

/** The ledger of mails. `claimed` becomes `sent`, `suppressed` or `rejected`; nothing undoes `sent`. */
export function createDeliveries(connection: Connection): Deliveries {
  return {
    ...createLedger({
      claim: (provider, intervalUs, reachMs, rows) =>
        connection.query('select * from claim_mails($1, $2, $3, $4::jsonb)', [
          provider,
          intervalUs,
          reachMs,
          JSON.stringify(rows),
        ]),
      settle: (rows) => connection.query('select * from settle_mails($1::jsonb)', [JSON.stringify(rows)]),
      async pausedMs(provider) {
        const [row] = await connection.query('select mail_pause_ms($1) as ms', [provider]);
        return row === undefined ? 0 : number(row, 'ms');
      },
    }),
    async unclaim({ jobKey, recipient }) {
      await connection.query('select unclaim_mail($1, $2)', [jobKey, recipient]);
    },
    async pause(provider, ms) {
      await connection.query('select pause_mails($1, $2)', [provider, Math.ceil(ms)]);
    },
    async recordEvents(events) {
      if (events.length === 0) return 0;
      const rows = events.map(({ id, type, email, at, jobKey, messageId, reason, suppress }) => ({
        id,
        type,
        email,
        at,
        job_key: jobKey,
        message_id: messageId,
        reason,
        suppress,
      }));
      const [row] = await connection.query('select record_mail_events($1::jsonb) as recorded', [
        JSON.stringify(rows),
      ]);
      return row === undefined ? 0 : number(row, 'recorded');
    },
  };
}
