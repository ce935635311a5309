import { expect, it } from 'vitest';
import type { NewCerReport } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const asked: NewCerReport = {
  id: 'cer-1',
  subject: 'someone',
  correlationId: 'c-1',
  jobId: 'render-cer-cer-1',
  deviceName: 'Pump "V2", {braced} <b>',
  request: { device: { name: 'Pump' }, literature: [{ id: 'L1', summary: 'two\nlines, ≥ 5 %' }] },
  notifyEmail: 'ada@example.org',
  notifyUrl: undefined,
};
const failure = { code: 'JOB_TIMEOUT', message: 'It ran too long, "twice".' };

export function cerReports(open: Open): void {
  const add = (id: string, change: Partial<NewCerReport> = {}) =>
    open().database.cerReports.create({ ...asked, id, jobId: `render-cer-${id}`, ...change });

  it('takes a report through its life', async () => {
    const reports = open().database.cerReports;
    const created = await reports.create(asked);
    expect(created).toMatchObject({
      id: 'cer-1',
      status: 'queued',
      deviceName: asked.deviceName,
      attempts: 0,
      notifyEmail: 'ada@example.org',
      notifyUrl: undefined,
      error: undefined,
    });
    expect(await reports.content('cer-1')).toEqual({ request: asked.request, drafts: undefined });
    expect(await reports.begin('cer-1', 'render-cer-cer-1')).toMatchObject({
      status: 'processing',
      attempts: 1,
    });
    expect(await reports.begin('cer-1', 'replay-7')).toMatchObject({ attempts: 2, jobId: 'replay-7' });
    expect(await reports.findByJob('replay-7')).toMatchObject({ id: 'cer-1' });
    expect(await reports.findByJob('render-cer-cer-1')).toBeUndefined();
    await reports.saveDrafts('cer-1', { model: 'm', sections: {} });
    expect(await reports.content('cer-1')).toMatchObject({ drafts: { model: 'm', sections: {} } });
    expect(await reports.countBrowserFailure('cer-1')).toBe(1);
    expect(await reports.countBrowserFailure('cer-1')).toBe(2);
    expect(await reports.complete('cer-1', { documentId: 'd1', renderer: 'pdfkit' })).toBe(true);
    expect(await reports.complete('cer-1', { documentId: 'd2', renderer: 'chromium' })).toBe(false);
    const done = await reports.find('cer-1');
    expect(done).toMatchObject({
      status: 'completed',
      documentId: 'd1',
      renderer: 'pdfkit',
      browserFailures: 2,
      outcomes: 1,
    });
    expect(done?.completedAt?.getTime()).toBeGreaterThanOrEqual(done?.startedAt?.getTime() ?? Infinity);
    expect(await reports.begin('cer-1', 'again')).toBeUndefined();
    expect(await reports.fail('replay-7', failure)).toBeUndefined();
    expect(await reports.find('cer-1')).toMatchObject({ status: 'completed', error: undefined });
  });

  it('fails the report of a job once, and a replay takes it up again', async () => {
    const reports = open().database.cerReports;
    await add('cer-f');
    await reports.begin('cer-f', 'job-f');
    expect(await reports.fail('another-job', failure)).toBeUndefined();
    await reports.setJob('cer-f', 'job-f2');
    expect(await reports.fail('job-f', failure)).toBeUndefined();
    await reports.setJob('cer-f', 'job-f');
    expect(await reports.fail('job-f', failure)).toBe('cer-f');
    await reports.setJob('cer-f', 'job-too-late');
    expect(await reports.fail('job-f', { ...failure, code: 'UNKNOWN' })).toBeUndefined();
    expect(await reports.find('cer-f')).toMatchObject({
      status: 'failed',
      error: failure,
      outcomes: 1,
      jobId: 'job-f',
    });
    expect((await reports.find('cer-f'))?.failedAt).toBeInstanceOf(Date);
    expect(await reports.begin('cer-f', 'job-g')).toMatchObject({
      status: 'processing',
      error: undefined,
      failedAt: undefined,
    });
  });

  it('takes back only what no job has begun', async () => {
    const reports = open().database.cerReports;
    await add('cer-q');
    await reports.remove('cer-q');
    expect(await reports.find('cer-q')).toBeUndefined();
    await add('cer-b');
    await reports.begin('cer-b', 'job-b');
    await reports.remove('cer-b');
    expect(await reports.find('cer-b')).toMatchObject({ status: 'processing' });
    expect(await reports.find('none')).toBeUndefined();
    expect(await reports.content('none')).toBeUndefined();
    expect(await reports.begin('none', 'job')).toBeUndefined();
  });

  it('refuses an id that is taken, and does not repeat the request', async () => {
    await add('cer-twice', { request: { secret: 'secret words' } });
    const again = add('cer-twice', { request: { secret: 'secret words' } });
    await expect(again).rejects.toMatchObject({ code: '23505' });
    await expect(again).rejects.not.toThrow('secret words');
  });

  it('hands each open report out for one check, and those whose notice is due', async () => {
    const { database, pool } = open();
    const reports = database.cerReports;
    await pool.query(`update cer_reports set status = 'failed', notice_due = false`);
    const before = await reports.queued();
    await add('cer-c1');
    await add('cer-c2');
    await add('cer-c3', { notifyEmail: undefined });
    expect(await reports.queued()).toBe(before + 3);
    expect(await reports.claimChecks(60, 10)).toEqual([]);
    await reports.begin('cer-c1', 'job-c1');
    await reports.complete('cer-c1', { documentId: 'd', renderer: 'chromium' });
    await reports.begin('cer-c3', 'job-c3');
    await reports.complete('cer-c3', { documentId: 'd', renderer: 'chromium' });
    await pool.query(`update cer_reports set checked_at = now() - interval '5 minutes'`);
    const [some, others] = await Promise.all([reports.claimChecks(60, 1), reports.claimChecks(60, 1)]);
    expect([...some, ...others].map(({ id, status, noticeDue }) => [id, status, noticeDue]).sort()).toEqual([
      ['cer-c1', 'completed', true],
      ['cer-c2', 'queued', false],
    ]);
    expect(await reports.claimChecks(60, 10)).toEqual([]);
    await reports.noticed('cer-c1', 2);
    await pool.query(`update cer_reports set checked_at = now() - interval '5 minutes'`);
    expect(await reports.claimChecks(60, 10)).toHaveLength(2);
    await reports.noticed('cer-c1', 1);
    await pool.query(`update cer_reports set checked_at = now() - interval '5 minutes'`);
    expect((await reports.claimChecks(60, 10)).map(({ id, jobId }) => [id, jobId])).toEqual([
      ['cer-c2', 'render-cer-cer-c2'],
    ]);
  });
}
