import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import type { Links } from '../../src/integrations/links/port.ts';
import { defineProcessor } from '../define.ts';
import { type CerOutcome, noticeLinkMs, readOutcome } from './cer-outcome.ts';

/**
 * Tells a server how a clinical evaluation report has ended. The address is the report's and never the payload's, so that
 * nobody can have a notice signed for a server of their own choice. At least once: the id tells a receiver what it has had.
 */
export const sendCerWebhook = defineProcessor(
  'email',
  'send-cer-webhook',
  ['database', 'links', 'webhooks'],
  async ({ data, signal, services: { database, links, webhooks } }) => {
    const outcome = await readOutcome(database, data);
    const { report } = outcome;
    if (outcome.kind === 'superseded') return { status: 'superseded' as const };
    const { notifyUrl: url } = report;
    if (url === undefined) {
      const message = `Report ${report.id} names no address to send a webhook to.`;
      throw new UnrecoverableError(message, { code: 'INVALID_PAYLOAD' });
    }
    if (webhooks === undefined) {
      const message = 'WEBHOOK_SECRET is not set. Set it, then replay the job.';
      throw new UnrecoverableError(message, { code: 'WEBHOOK_NOT_CONFIGURED' });
    }
    const id = `cer_${report.id.replace(/[^A-Za-z0-9-]/g, '_')}_${report.outcomes}`;
    const { httpStatus } = await webhooks.send({ url, id, body: bodyOf(outcome, links) }, signal);
    return { status: 'delivered' as const, httpStatus };
  },
);

function bodyOf(outcome: Exclude<CerOutcome, { kind: 'superseded' }>, links: Links): object {
  const { report } = outcome;
  const common = { id: report.id, device: report.deviceName, status: report.status };
  if (outcome.kind === 'failed') {
    return {
      type: 'cer.report.failed',
      timestamp: report.failedAt,
      data: { report: { ...common, error: outcome.error } },
    };
  }
  const { url, expiresAt } = links.document(outcome.document, noticeLinkMs);
  const { id: documentId, bytes, pages, sha256 } = outcome.document;
  return {
    type: 'cer.report.completed',
    timestamp: report.completedAt,
    data: {
      report: { ...common, renderer: report.renderer },
      document: { id: documentId, bytes, pages: pages ?? null, sha256, url, urlExpiresAt: expiresAt },
    },
  };
}
