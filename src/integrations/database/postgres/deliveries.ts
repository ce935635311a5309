import type { Deliveries, Delivery, DeliveryStatus } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, text, textOrNone, truth } from './rows.ts';

const statuses: readonly DeliveryStatus[] = ['claimed', 'sent', 'suppressed', 'rejected'];

/** The ledger of mails. `claimed` becomes `sent`, `suppressed` or `rejected`; nothing undoes `sent`. */
export function createDeliveries(connection: Connection): Deliveries {
  return {
    async claim(row) {
      const [claimed] = await connection.query('select * from claim_delivery($1, $2, $3, $4)', [
        row.jobKey,
        row.recipient,
        row.template,
        row.provider,
      ]);
      if (claimed === undefined) throw new Error('claim_delivery answered no row: its migration is damaged.');
      return readDelivery(claimed);
    },
    async settle(row) {
      // Run again it changes nothing, so a settle whose answer was lost can be repeated.
      const [answer] = await connection.query('select settle_delivery($1, $2, $3, $4, $5) as settled', [
        row.jobKey,
        row.recipient,
        row.status,
        row.messageId ?? null,
        row.reason ?? null,
      ]);
      if (answer === undefined || !truth(answer, 'settled')) {
        throw new Error(`The ledger has no mail of job ${row.jobKey} for this recipient: claim it first.`);
      }
    },
    async suppression(email, preference) {
      const [row] = await connection.query('select mail_refusal($1, $2, $3) as reason', [
        email,
        preference?.userId ?? null,
        preference?.kind ?? null,
      ]);
      return row === undefined ? undefined : textOrNone(row, 'reason');
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

export function readDelivery(row: Row): Delivery {
  const status = statuses.find((known) => known === row.status);
  if (status === undefined)
    throw new Error('The ledger of mails holds a status that this version does not know.');
  return {
    status,
    provider: text(row, 'provider'),
    messageId: textOrNone(row, 'message_id'),
    reason: textOrNone(row, 'reason'),
    attempts: number(row, 'attempts'),
  };
}
