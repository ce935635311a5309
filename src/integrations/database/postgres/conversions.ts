import type { Conversion, ConversionStatus, Conversions } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { listenToConversions } from './conversion-news.ts';
import { number, numberOrNone, text, textOrNone, time, timeOrNone, truth } from './rows.ts';

/** The rows that are converted; what must be atomic is a function of the database. `url` is listened to. */
export function createConversions(connection: Connection, url: string): Conversions {
  const rows = async (sql: string, parameters: readonly unknown[]) =>
    (await connection.query(sql, parameters)).map(readConversion);
  const holds = async (sql: string, parameters: readonly unknown[]) => {
    const [row] = await connection.query(sql, parameters);
    return row !== undefined && truth(row, 'held');
  };

  return {
    async reserveUpload(key, seconds) {
      await connection.query('select reserve_upload($1, $2)', [key, seconds]);
    },
    async forgetUpload(key) {
      await connection.query('select forget_upload($1)', [key]);
    },
    async create({ id, uploadPath, mapping, fileName, uploadBytes, addedBy }) {
      const [row] = await rows('select * from create_conversion_of($1, $2, $3, $4, $5, $6)', [
        addedBy,
        id,
        uploadPath,
        mapping,
        fileName ?? null,
        uploadBytes,
      ]);
      if (row === undefined) throw new Error('create_conversion_of gave no row back.');
      return row;
    },
    async find(id) {
      return (await rows('select * from conversions where id = $1', [id]))[0];
    },
    async claim({ worker, seconds, limit, mostLost }) {
      const claimed = await connection.query('select * from claim_conversions($1, $2, $3, $4)', [
        worker,
        seconds,
        limit,
        mostLost,
      ]);
      return claimed.map(readClaim);
    },
    async renew(jobKeys, seconds) {
      const held = await connection.query('select renew_conversions($1, $2) as job_key', [
        [...jobKeys],
        seconds,
      ]);
      return held.map((row) => text(row, 'job_key'));
    },
    async release(jobKeys) {
      await connection.query('select release_conversions($1)', [[...jobKeys]]);
    },
    async begin({ id, jobKey, token, attempt, worker, seconds, byHand }) {
      const [row] = await rows('select * from begin_conversion($1, $2, $3, $4, $5, $6, $7)', [
        id,
        jobKey,
        token,
        attempt,
        worker,
        seconds,
        byHand,
      ]);
      return row;
    },
    renewRun: ({ id, token }, seconds) =>
      holds('select renew_conversion_run($1, $2, $3) as held', [id, token, seconds]),
    finish: ({ id, token }, { resultPath, bytes, lineItems, converter }) =>
      holds('select finish_conversion($1, $2, $3, $4, $5, $6) as held', [
        id,
        token,
        resultPath,
        bytes,
        lineItems ?? null,
        converter,
      ]),
    fail: ({ id, token }, { code, message }) =>
      holds('select fail_conversion($1, $2, null, $3, $4) as held', [id, token, code, message]),
    async leave({ id, token }, counts) {
      await connection.query('select leave_conversion($1, $2, $3)', [id, token, counts]);
    },
    abandon: (id, jobKey, { code, message }) =>
      holds('select fail_conversion($1, null, $2, $3, $4) as held', [id, jobKey, code, message]),
    listen: (onNews) => listenToConversions(url, onNews),
  };
}

export function readClaim(row: Row): Conversion & { readonly jobKey: string } {
  return { ...readConversion(row), jobKey: text(row, 'job_key') };
}

export function readConversion(row: Row): Conversion {
  return {
    id: text(row, 'id'),
    uploadPath: text(row, 'upload_path'),
    mapping: text(row, 'mapping'),
    fileName: textOrNone(row, 'file_name'),
    uploadBytes: numberOrNone(row, 'upload_bytes'),
    status: statusOf(text(row, 'status')),
    attempts: number(row, 'attempts'),
    jobKey: textOrNone(row, 'job_key'),
    leasedBy: textOrNone(row, 'leased_by'),
    leaseExpiresAt: timeOrNone(row, 'lease_expires_at'),
    resultPath: textOrNone(row, 'result_path'),
    resultBytes: numberOrNone(row, 'result_bytes'),
    lineItems: numberOrNone(row, 'line_items'),
    converter: textOrNone(row, 'converter'),
    errorCode: textOrNone(row, 'error_code'),
    errorMessage: textOrNone(row, 'error_message'),
    addedBy: textOrNone(row, 'added_by'),
    createdAt: time(row, 'created_at'),
    startedAt: timeOrNone(row, 'started_at'),
    completedAt: timeOrNone(row, 'completed_at'),
    failedAt: timeOrNone(row, 'failed_at'),
  };
}

function statusOf(status: string): ConversionStatus {
  switch (status) {
    case 'queued':
    case 'processing':
    case 'complete':
    case 'failed':
      return status;
    default:
      throw new Error(`Column status holds "${status}", which is no status of a conversion.`);
  }
}
