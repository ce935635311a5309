import type { CerCheck, CerRenderer, CerReport, CerReports, CerStatus } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, text, textOrNone, time, timeOrNone, truth } from './rows.ts';

/** All but the request and the drafts, which may be megabytes and are wanted once. */
export const cerColumns = `id, subject, correlation_id, job_id, device_name, status, attempts, browser_failures, renderer,
  document_id, error_code, error_message, notify_email, notify_url, outcomes, created_at, started_at, completed_at,
  failed_at, updated_at`;

export function createCerReports(connection: Connection): CerReports {
  const first = async (sql: string, parameters: readonly unknown[]) => {
    const [row] = await connection.query(sql, parameters);
    return row === undefined ? undefined : readCerReport(row);
  };

  return {
    async create(report) {
      const created = await first(
        `insert into cer_reports (id, subject, correlation_id, job_id, device_name, request, notify_email, notify_url)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${cerColumns}`,
        [
          report.id,
          report.subject,
          report.correlationId,
          report.jobId,
          report.deviceName,
          JSON.stringify(report.request),
          report.notifyEmail ?? null,
          report.notifyUrl ?? null,
        ],
      );
      if (created === undefined) throw new Error('The insert of a report gave no row back.');
      return created;
    },
    find: (id) => first(`select ${cerColumns} from cer_reports where id = $1`, [id]),
    findByJob: (jobId) =>
      first(`select ${cerColumns} from cer_reports where job_id = $1 order by updated_at desc limit 1`, [
        jobId,
      ]),
    async content(id) {
      const [row] = await connection.query('select request, drafts from cer_reports where id = $1', [id]);
      return row === undefined ? undefined : { request: row.request, drafts: row.drafts ?? undefined };
    },
    async remove(id) {
      await connection.query(`delete from cer_reports where id = $1 and status = 'queued'`, [id]);
    },
    begin: (id, jobId) => first(`select ${cerColumns} from begin_cer_report($1, $2)`, [id, jobId]),
    async setJob(id, jobId) {
      await connection.query(
        `update cer_reports set job_id = $2 where id = $1 and status in ('queued', 'processing')`,
        [id, jobId],
      );
    },
    async saveDrafts(id, drafts) {
      await connection.query('update cer_reports set drafts = $2, updated_at = now() where id = $1', [
        id,
        JSON.stringify(drafts),
      ]);
    },
    async countBrowserFailure(id) {
      const [row] = await connection.query('select count_cer_browser_failure($1) as failures', [id]);
      if (row === undefined) throw new Error('count_cer_browser_failure answered nothing.');
      return number(row, 'failures');
    },
    async complete(id, { documentId, renderer }) {
      const [row] = await connection.query('select complete_cer_report($1, $2, $3) as completed', [
        id,
        documentId,
        renderer,
      ]);
      return row !== undefined && truth(row, 'completed');
    },
    async fail(jobId, { code, message }) {
      const [row] = await connection.query('select fail_cer_report($1, $2, $3) as id', [
        jobId,
        code,
        message,
      ]);
      return row === undefined ? undefined : textOrNone(row, 'id');
    },
    async noticed(id, outcomes) {
      await connection.query('update cer_reports set notice_due = false where id = $1 and outcomes = $2', [
        id,
        outcomes,
      ]);
    },
    async claimChecks(seconds, limit) {
      const rows = await connection.query('select * from claim_cer_checks($1, $2)', [seconds, limit]);
      return rows.map(readCerCheck);
    },
    async queued() {
      const [row] = await connection.query(
        `select count(*) as queued from cer_reports where status = 'queued'`,
      );
      return row === undefined ? 0 : number(row, 'queued');
    },
  };
}

export function readCerReport(row: Row): CerReport {
  const code = textOrNone(row, 'error_code');
  return {
    id: text(row, 'id'),
    subject: text(row, 'subject'),
    correlationId: text(row, 'correlation_id'),
    jobId: text(row, 'job_id'),
    deviceName: text(row, 'device_name'),
    status: statusOf(text(row, 'status')),
    attempts: number(row, 'attempts'),
    browserFailures: number(row, 'browser_failures'),
    renderer: rendererOf(textOrNone(row, 'renderer')),
    documentId: textOrNone(row, 'document_id'),
    error: code === undefined ? undefined : { code, message: textOrNone(row, 'error_message') ?? '' },
    notifyEmail: textOrNone(row, 'notify_email'),
    notifyUrl: textOrNone(row, 'notify_url'),
    outcomes: number(row, 'outcomes'),
    createdAt: time(row, 'created_at'),
    startedAt: timeOrNone(row, 'started_at'),
    completedAt: timeOrNone(row, 'completed_at'),
    failedAt: timeOrNone(row, 'failed_at'),
    updatedAt: time(row, 'updated_at'),
  };
}

export function readCerCheck(row: Row): CerCheck {
  return {
    id: text(row, 'id'),
    jobId: text(row, 'job_id'),
    correlationId: text(row, 'correlation_id'),
    status: statusOf(text(row, 'status')),
    noticeDue: truth(row, 'notice_due'),
  };
}

function statusOf(status: string): CerStatus {
  switch (status) {
    case 'queued':
    case 'processing':
    case 'completed':
    case 'failed':
      return status;
    default:
      throw new Error(`A report has the status "${status}", which this version does not know.`);
  }
}

function rendererOf(renderer: string | undefined): CerRenderer | undefined {
  return renderer === 'chromium' || renderer === 'pdfkit' ? renderer : undefined;
}
