import { type CerRequest, cerRequest } from '../../../queues/cer-request.ts';
import { listFaults, UnrecoverableError } from '../../../src/errors/catalogue.ts';
import { faultsOf } from '../../../src/errors/faults.ts';
import type { CerReports } from '../../../src/integrations/database/port.ts';

/**
 * Reads a report's stored request. It was checked when it came; an older version may have taken what no longer fits.
 * @throws UnrecoverableError CER_REPORT_NOT_FOUND, INVALID_PAYLOAD.
 */
export async function readContent(
  reports: CerReports,
  id: string,
): Promise<{ readonly request: CerRequest; readonly drafts: unknown }> {
  const content = await reports.content(id);
  if (content === undefined) throw noReport(id);
  const parsed = cerRequest.safeParse(content.request);
  if (parsed.success) return { request: parsed.data, drafts: content.drafts };
  const message = `The request of report ${id} no longer fits. ${listFaults(faultsOf(parsed.error.issues))} Send it again.`;
  throw new UnrecoverableError(message, { code: 'INVALID_PAYLOAD' });
}

export function noReport(id: string): UnrecoverableError {
  return new UnrecoverableError(`There is no clinical evaluation report ${id}; it may have been removed.`, {
    code: 'CER_REPORT_NOT_FOUND',
  });
}
