import type { Conversions } from '../port.ts';
import { readClaim, readConversion } from '../postgres/conversions.ts';
import { truth } from '../postgres/rows.ts';
import { type Api, limited } from './api.ts';

/** The rows that are converted. The API tells of nothing by itself, so there is no `listen`. */
export function createConversions(api: Api): Conversions {
  const holds = async (name: string, args: Readonly<Record<string, unknown>>) =>
    truth({ held: await api.call(name, args) }, 'held');

  return {
    async reserveUpload(key, seconds) {
      await api.call('reserve_upload', { p_key: key, p_seconds: seconds });
    },
    async forgetUpload(key) {
      await api.call('forget_upload', { p_key: key });
    },
    async create({ id, uploadPath, mapping, fileName, uploadBytes, addedBy }) {
      const [row] = await api.callRows('create_conversion_of', {
        p_added_by: addedBy,
        p_id: id,
        p_upload_path: uploadPath,
        p_mapping: mapping,
        p_file_name: fileName ?? null,
        p_upload_bytes: uploadBytes,
      });
      if (row === undefined) throw new Error('create_conversion_of gave no row back.');
      return readConversion(row);
    },
    async find(id) {
      const [row] = await api.rows(api.tables.from('conversions').select().eq('id', id).limit(1));
      return row === undefined ? undefined : readConversion(row);
    },
    async claim({ worker, seconds, limit, mostLost }) {
      const rows = await api.callRows('claim_conversions', {
        p_worker: worker,
        p_seconds: seconds,
        p_limit: limited(limit),
        p_most_lost: mostLost,
      });
      return rows.map(readClaim);
    },
    async renew(jobKeys, seconds) {
      limited(jobKeys.length);
      const held = await api.call('renew_conversions', { p_job_keys: [...jobKeys], p_seconds: seconds });
      return Array.isArray(held) ? held.map(String) : [];
    },
    async release(jobKeys) {
      await api.call('release_conversions', { p_job_keys: [...jobKeys] });
    },
    async begin({ id, jobKey, token, attempt, worker, seconds, byHand }) {
      const [row] = await api.callRows('begin_conversion', {
        p_id: id,
        p_job_key: jobKey,
        p_run: token,
        p_attempt: attempt,
        p_worker: worker,
        p_seconds: seconds,
        p_by_hand: byHand,
      });
      return row === undefined ? undefined : readConversion(row);
    },
    renewRun: ({ id, token }, seconds) =>
      holds('renew_conversion_run', { p_id: id, p_run: token, p_seconds: seconds }),
    finish: ({ id, token }, { resultPath, bytes, lineItems, converter }) =>
      holds('finish_conversion', {
        p_id: id,
        p_run: token,
        p_result_path: resultPath,
        p_result_bytes: bytes,
        p_line_items: lineItems ?? null,
        p_converter: converter,
      }),
    fail: ({ id, token }, { code, message }) =>
      holds('fail_conversion', {
        p_id: id,
        p_run: token,
        p_job_key: null,
        p_error_code: code,
        p_error_message: message,
      }),
    async leave({ id, token }, counts) {
      await api.call('leave_conversion', { p_id: id, p_run: token, p_counts: counts });
    },
    abandon: (id, jobKey, { code, message }) =>
      holds('fail_conversion', {
        p_id: id,
        p_run: null,
        p_job_key: jobKey,
        p_error_code: code,
        p_error_message: message,
      }),
  };
}
