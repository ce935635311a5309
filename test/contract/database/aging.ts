import { expect, it } from 'vitest';
import type { Open } from '../database.ts';

const longAgo = new Date('2000-01-01T00:00:00Z');
const cut = new Date('2001-01-01T00:00:00Z');

export function analyticsAndCleanup(open: Open): void {
  it('renews the aggregates', async () => {
    const { database, pool } = open();
    await pool.query(
      `insert into entities (uei, legal_name, country, state, status, raw, content_hash)
       values ('AGG', 'Aggregate', 'ZZZ', 'ZZ', 'Active', '{}', 'x')`,
    );
    expect(await database.analytics.refresh('entities')).toEqual(['entities_by_state']);
    const { rows } = await pool.query(`select count::int from entities_by_state where country = 'ZZZ'`);
    expect(rows).toEqual([{ count: 1 }]);
    expect(await database.analytics.refresh('all')).toHaveLength(3);
    await pool.query(`delete from entities where uei = 'AGG'`);
  });

  it('removes in batches what is old and nothing else, and counts it for the job', async () => {
    const { database, pool } = open();
    const { cleanup } = database;
    await pool.query(
      `insert into email_deliveries (job_key, recipient, template, provider, claimed_at)
       select 'old-' || n, 'a@b.c', 't', 'p', $1 from generate_series(1, 5) n`,
      [longAgo],
    );
    expect(await cleanup.due('deliveries', cut)).toEqual({ rows: 5, files: 0 });
    expect(await cleanup.removeBatch('deliveries', cut, 3, 'clean-1')).toBe(3);
    expect(await cleanup.removeBatch('deliveries', cut, 3, 'clean-1')).toBe(2);
    expect(await cleanup.removeBatch('deliveries', cut, 3, 'clean-1')).toBe(0);
    expect(await cleanup.counts('clean-1')).toEqual({ deliveries: 5 });
    expect(await cleanup.counts('clean-2')).toEqual({});
  });

  it('names the file of a removed row once, and not while somebody is at it', async () => {
    const { database, pool } = open();
    const { cleanup } = database;
    await pool.query(
      `insert into documents (id, job_key, kind, format, title, file_name, content_type, bytes, sha256, storage_key, created_at)
       values ('old-doc', 'j', 'k', 'f', 't', 'n', 'c', 1, 's', 'old/file.pdf', $1)`,
      [longAgo],
    );
    expect(await cleanup.due('documents', cut)).toEqual({ rows: 1, files: 1 });
    expect(await cleanup.claimRemoval(60)).toBeUndefined();
    expect(await cleanup.removeBatch('documents', cut, 10, 'clean-3')).toBe(1);
    expect(await cleanup.claimRemoval(60)).toBe('old/file.pdf');
    expect(await cleanup.claimRemoval(60)).toBeUndefined();
    await cleanup.finishRemoval('old/file.pdf', 'clean-3');
    expect(await cleanup.counts('clean-3')).toEqual({ documents: 1, files: 1 });
  });

  it('removes a report with its document and names its file', async () => {
    const { database, pool } = open();
    const { cleanup } = database;
    await pool.query(
      `insert into documents (id, job_key, kind, format, title, file_name, content_type, bytes, sha256, storage_key, created_at)
       values ('cer-doc', 'j', 'cer', 'pdf', 't', 'n', 'c', 1, 's', 'old/cer.pdf', $1)`,
      [longAgo],
    );
    await pool.query(
      `insert into cer_reports (id, subject, correlation_id, job_id, device_name, request, status, document_id, completed_at)
       values ('old-cer', 's', 'c', 'old-cer', 'd', '{}', 'completed', 'cer-doc', $1)`,
      [longAgo],
    );
    expect(await cleanup.due('documents', cut)).toEqual({ rows: 0, files: 0 });
    expect(await cleanup.due('cerReports', cut)).toEqual({ rows: 1, files: 1 });
    expect(await cleanup.removeBatch('documents', cut, 10, 'clean-4')).toBe(0);
    expect(await cleanup.removeBatch('cerReports', cut, 10, 'clean-4')).toBe(1);
    expect(await database.documents.find('cer-doc')).toBeUndefined();
    expect(await database.cerReports.find('old-cer')).toBeUndefined();
    expect(await cleanup.claimRemoval(60)).toBe('old/cer.pdf');
    await cleanup.finishRemoval('old/cer.pdf', 'clean-4');
    expect(await cleanup.counts('clean-4')).toEqual({ cerReports: 1, files: 1 });
  });
}
