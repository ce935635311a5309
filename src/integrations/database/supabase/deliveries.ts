import { createLedger } from '../ledger.ts';
import type { Deliveries } from '../port.ts';
import { number } from '../postgres/rows.ts';
import type { Api } from './api.ts';

/** The ledger of mails. */
export function createDeliveries(api: Api): Deliveries {
  return {
    ...createLedger({
      claim: (provider, intervalUs, reachMs, rows) =>
        api.callRows('claim_mails', {
          p_provider: provider,
          p_interval_us: intervalUs,
          p_reach_ms: reachMs,
          p_rows: rows,
        }),
      settle: (rows) => api.callRows('settle_mails', { p_rows: rows }),
      pausedMs: async (provider) =>
        number({ ms: await api.call('mail_pause_ms', { p_provider: provider }) }, 'ms'),
    }),
    async unclaim({ jobKey, recipient }) {
      await api.call('unclaim_mail', { p_job_key: jobKey, p_recipient: recipient });
    },
    async pause(provider, ms) {
      await api.call('pause_mails', { p_provider: provider, p_ms: Math.ceil(ms) });
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
