import type { CerRequest } from '../../queues/cer-request.ts';
import { may, type Role } from '../access/roles.ts';
import { MillraceError } from '../errors/catalogue.ts';
import type { CerReport, CerReports } from '../integrations/database/port.ts';
import type { Logger } from '../observability/logger.ts';
import { sameJson } from '../queue/idempotency.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { newId } from './keyed-ids.ts';

export interface CerCaller {
  readonly subject: string;
  readonly role: Role;
  readonly correlationId: string;
  readonly log: Logger;
}

export interface CerIntakeOptions {
  readonly queues: QueueManager;
  readonly reports: CerReports;
  readonly signsWebhooks: boolean;
}

/**
 * Takes in requests for clinical evaluation reports. The row comes first, since a job without its report could only
 * fail; a report whose job the queue did not take is withdrawn, or completed by the same request sent again. A process
 * that dies between the two leaves a row without a job, which `src/maintenance/settle-cer-reports.ts` finds.
 */
export class CerIntake {
  readonly #queues: QueueManager;
  readonly #reports: CerReports;
  readonly #signsWebhooks: boolean;

  constructor({ queues, reports, signsWebhooks }: CerIntakeOptions) {
    this.#queues = queues;
    this.#reports = reports;
    this.#signsWebhooks = signsWebhooks;
  }

  /**
   * Keeps a request and has it rendered. The same idempotency key again, from the same caller, is the same report.
   * @throws MillraceError QUEUE_UNAVAILABLE when nothing was kept; IDEMPOTENCY_CONFLICT, WEBHOOK_NOT_CONFIGURED.
   */
  async submit(
    request: CerRequest,
    caller: CerCaller,
    idempotencyKey?: string,
  ): Promise<{ report: CerReport; created: boolean }> {
    if (request.notify?.url !== undefined && !this.#signsWebhooks) {
      throw new MillraceError(
        'WEBHOOK_NOT_CONFIGURED',
        'This platform sends no webhooks: WEBHOOK_SECRET is not set. Leave out notify.url, or ask its operator to set it.',
      );
    }
    const id = newId('cer', caller.subject, idempotencyKey);
    const existing = idempotencyKey === undefined ? undefined : await this.#reports.find(id);
    if (existing !== undefined) return { report: await this.#resume(existing, request), created: false };

    const created = await this.#create(id, request, caller, idempotencyKey !== undefined);
    if (created === undefined) return this.submit(request, caller, idempotencyKey);
    try {
      await this.#enqueue(created);
    } catch (error) {
      // With a key the row stays: the same request finds and completes it, and it may have done so already.
      if (idempotencyKey === undefined) await this.#withdraw(created, caller);
      throw error;
    }
    return { report: created, created: true };
  }

  /**
   * A report of the caller's own; operators see all.
   * @throws MillraceError CER_REPORT_NOT_FOUND
   */
  async find(id: string, { subject, role }: Pick<CerCaller, 'subject' | 'role'>): Promise<CerReport> {
    const report = await this.#reports.find(id);
    if (report === undefined || (report.subject !== subject && !may(role, 'cer-reports.read')))
      throw new MillraceError('CER_REPORT_NOT_FOUND', `No report of yours has the id "${id}".`);
    return report;
  }

  /** `undefined` when the same key came twice at once and the other was first. */
  async #create(
    id: string,
    request: CerRequest,
    { subject, correlationId }: CerCaller,
    keyed: boolean,
  ): Promise<CerReport | undefined> {
    try {
      return await this.#reports.create({
        id,
        subject,
        correlationId,
        jobId: `render-cer-${id}`,
        deviceName: request.device.name,
        request,
        notifyEmail: request.notify?.email,
        notifyUrl: request.notify?.url,
      });
    } catch (error) {
      if (keyed && (await this.#reports.find(id)) !== undefined) return undefined;
      throw error;
    }
  }

  async #resume(existing: CerReport, request: CerRequest): Promise<CerReport> {
    const stored = await this.#reports.content(existing.id);
    if (!sameJson(stored?.request, request)) {
      throw new MillraceError(
        'IDEMPOTENCY_CONFLICT',
        'The idempotency key was used before for another report. Use a new key for a new one.',
      );
    }
    if (existing.status === 'queued') await this.#enqueue(existing);
    return existing;
  }

  async #enqueue({ id, jobId, correlationId, subject }: CerReport): Promise<void> {
    await this.#queues.addJob(
      'document',
      'render-cer',
      { type: 'clinical-evaluation-report', data: { reportId: id } },
      { jobId, correlationId, addedBy: subject },
    );
  }

  async #withdraw({ id }: CerReport, { log }: CerCaller): Promise<void> {
    try {
      await this.#reports.remove(id);
    } catch (error) {
      log.error({ err: error, reportId: id }, 'A report without a job could not be withdrawn');
    }
  }
}
