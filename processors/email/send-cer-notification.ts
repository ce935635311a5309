import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { defineProcessor } from '../define.ts';
import { noticeLinkMs, readOutcome } from './cer-outcome.ts';
import { deliver } from './deliver.ts';
import { renderCompletedCer, renderFailedCer } from './templates/cer.ts';
import { unsubscribable } from './unsubscribe.ts';

/** Tells by mail how a clinical evaluation report has ended; the address is the one that the report was asked for with. */
export const sendCerNotification = defineProcessor(
  'email',
  'send-cer-notification',
  ['mail', 'database', 'events', 'links', 'settings'],
  async (context) => {
    const { mail, database, links, settings } = context.services;
    const outcome = await readOutcome(database, context.data);
    const { report } = outcome;
    const { notifyEmail: to, id: reportId, deviceName: device } = report;
    if (to === undefined)
      throw new UnrecoverableError(`Report ${reportId} names no address to write to.`, {
        code: 'INVALID_PAYLOAD',
      });
    if (outcome.kind === 'superseded') {
      const reason = `The report is ${report.status} by now; other news will come.`;
      return { status: 'suppressed' as const, provider: mail.name, reason };
    }
    const { unsubscribe, terms } = unsubscribable(links, { userId: report.subject, email: to }, 'documents');
    const common = { device, reportId, unsubscribe, appUrl: settings.appUrl };
    if (outcome.kind === 'failed') {
      const rendered = renderFailedCer({ ...common, ...outcome.error });
      return deliver(context, { to, category: 'cer-failed', ...rendered, ...terms });
    }
    const { fileName, bytes, pages } = outcome.document;
    const { url: link, expiresAt } = links.document(outcome.document, noticeLinkMs);
    const rendered = renderCompletedCer({
      ...common,
      fileName,
      bytes,
      pages,
      link,
      expiresAt: expiresAt.toISOString(),
    });
    return deliver(context, { to, category: 'cer-completed', ...rendered, ...terms });
  },
);
