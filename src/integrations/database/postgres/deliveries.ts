import type { Deliveries, Delivery, DeliveryStatus } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, text, textOrNone } from './rows.ts';

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
      const settled = await connection.query(
        `update email_deliveries set
           status = case when status = 'sent' then status else $3 end,
           message_id = case when status = 'sent' then message_id else $4 end,
           reason = case when status = 'sent' then reason else $5 end,
           sent_at = case when status = 'sent' then sent_at when $3 = 'sent' then now() end
         where job_key = $1 and recipient = $2
         returning status`,
        [row.jobKey, row.recipient, row.status, row.messageId ?? null, row.reason ?? null],
      );
      if (settled.length === 0) {
        throw new Error(`The ledger has no mail of job ${row.jobKey} for this recipient: claim it first.`);
      }
    },
    async suppression(email) {
      const [row] = await connection.query('select reason from email_suppressions where email = lower($1)', [
        email,
      ]);
      return row === undefined ? undefined : text(row, 'reason');
    },
  };
}

function readDelivery(row: Row): Delivery {
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
