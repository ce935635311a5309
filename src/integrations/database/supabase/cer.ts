import type { CerReport, CerReports } from '../port.ts';
import { cerColumns, readCerCheck, readCerReport } from '../postgres/cer.ts';
import type { Row } from '../postgres/connection.ts';
import { number, textOrNone, truth } from '../postgres/rows.ts';
import type { Api } from './api.ts';

const columns = cerColumns.replace(/\s+/g, '');

/** The clinical evaluation reports. */
export function createCerReports(api: Api): CerReports {
  const reports = () => api.tables.from('cer_reports');
  const first = ([row]: readonly Row[]): CerReport | undefined =>
    row === undefined ? undefined : readCerReport(row);

  return {
    async create(report) {
      const created = first(
        await api.rows(
          reports()
            .insert({
              id: report.id,
              subject: report.subject,
              correlation_id: report.correlationId,
              job_id: report.jobId,
              device_name: report.deviceName,
              request: report.request,
              notify_email: report.notifyEmail ?? null,
              notify_url: report.notifyUrl ?? null,
            })
            .select(columns),
        ),
      );
      if (created === undefined) throw new Error('The insert of a report gave no row back.');
      return created;
    },
    find: async (id) => first(await api.rows(reports().select(columns).eq('id', id).limit(1))),
    findByJob: async (jobId) =>
      first(
        await api.rows(
          reports().select(columns).eq('job_id', jobId).order('updated_at', { ascending: false }).limit(1),
        ),
      ),
    async content(id) {
      const [row] = await api.rows(reports().select('request, drafts').eq('id', id).limit(1));
      return row === undefined ? undefined : { request: row.request, drafts: row.drafts ?? undefined };
    },
    async remove(id) {
      await api.counted(reports().delete({ count: 'exact' }).eq('id', id).eq('status', 'queued'));
    },
    begin: async (id, jobId) =>
      first(
        await api.rows(api.tables.rpc('begin_cer_report', { p_id: id, p_job_id: jobId }).select(columns)),
      ),
    async setJob(id, jobId) {
      await api.counted(
        reports()
          .update({ job_id: jobId }, { count: 'exact' })
          .eq('id', id)
          .in('status', ['queued', 'processing']),
      );
    },
    async saveDrafts(id, drafts) {
      await api.counted(reports().update({ drafts, updated_at: 'now' }, { count: 'exact' }).eq('id', id));
    },
    async countBrowserFailure(id) {
      return number({ failures: await api.call('count_cer_browser_failure', { p_id: id }) }, 'failures');
    },
    async complete(id, { documentId, renderer }) {
      const completed = await api.call('complete_cer_report', {
        p_id: id,
        p_document_id: documentId,
        p_renderer: renderer,
      });
      return truth({ completed }, 'completed');
    },
    async fail(jobId, { code, message }) {
      const id = await api.call('fail_cer_report', { p_job_id: jobId, p_code: code, p_message: message });
      return textOrNone({ id }, 'id');
    },
    async noticed(id, outcomes) {
      await api.counted(
        reports().update({ notice_due: false }, { count: 'exact' }).eq('id', id).eq('outcomes', outcomes),
      );
    },
    async claimChecks(seconds, limit) {
      const rows = await api.callRows('claim_cer_checks', { p_seconds: seconds, p_limit: limit });
      return rows.map(readCerCheck);
    },
    queued: () => api.counted(reports().select('id', { count: 'exact', head: true }).eq('status', 'queued')),
  };
}
