import type { Deliveries } from '../port.ts';
import { readDelivery } from '../postgres/deliveries.ts';
import { number, textOrNone, truth } from '../postgres/rows.ts';
import type { Api } from './api.ts';

/** The ledger of mails. */
export function createDeliveries(api: Api): Deliveries {
  return {
    async claim({ jobKey, recipient, template, provider }) {
      const [row] = await api.callRows('claim_delivery', {
        p_job_key: jobKey,
        p_recipient: recipient,
        p_template: template,
        p_provider: provider,
      });
      if (row === undefined) throw new Error('claim_delivery answered no row: its migration is damaged.');
      return readDelivery(row);
    },
    async settle({ jobKey, recipient, status, messageId, reason }) {
      const settled = await api.call('settle_delivery', {
        p_job_key: jobKey,
        p_recipient: recipient,
        p_status: status,
        p_message_id: messageId ?? null,
        p_reason: reason ?? null,
      });
      if (!truth({ settled }, 'settled')) {
        throw new Error(`The ledger has no mail of job ${jobKey} for this recipient: claim it first.`);
      }
    },
    async suppression(email, preference) {
      const reason = await api.call('mail_refusal', {
        p_email: email,
        p_user_id: preference?.userId ?? null,
        p_kind: preference?.kind ?? null,
      });
      return textOrNone({ reason }, 'reason');
    },
    async recordEvents(events) {
      if (events.length === 0) return 0;
      const rows = events.map(({ jobKey, messageId, ...event }) => ({
        ...event,
        job_key: jobKey,
        message_id: messageId,
      }));
      const recorded = await api.call('record_mail_events', { p_events: rows });
      return number({ recorded }, 'recorded');
    },
  };
}
