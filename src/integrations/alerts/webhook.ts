import { MillraceError } from '../../errors/catalogue.ts';
import { messageOf } from '../../errors/classify.ts';
import type { AlertChannel } from './port.ts';
import { headline, lasted } from './wording.ts';

/**
 * Posts each notice as JSON. `text` is what Slack, Mattermost and their like show; the other fields are for programs.
 * A redirect is not followed: the address is a secret, and the body would go elsewhere.
 */
export function createAlertWebhook(url: string, service: string): AlertChannel {
  return {
    name: 'webhook',
    async send(notice, signal) {
      const { what, kind, subject, message, raisedAt, resolvedAt, id } = notice;
      const body = {
        text: `[${service}] ${headline(notice)}`,
        event: `alert.${what}`,
        service,
        alert: { id, kind, subject, message, raisedAt, resolvedAt, lasted: lasted(notice) },
      };
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal,
      }).catch((error: unknown) => {
        throw new MillraceError(
          'ALERT_NOT_SENT',
          `The address of ALERT_WEBHOOK_URL does not answer (${messageOf(error)}).`,
          { cause: error },
        );
      });
      await response.body?.cancel();
      if (!response.ok) {
        throw new MillraceError(
          'ALERT_NOT_SENT',
          `The address of ALERT_WEBHOOK_URL answered ${response.status}: check the address.`,
        );
      }
    },
  };
}
