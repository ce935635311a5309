import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { masked } from '../../src/queue/masking/index.ts';
import { makeCerRequest } from '../../src/sample/cer-request.ts';
import { at, openSite, type Site, takeQueuesAway, textAt } from '../support/site.ts';

const asked = makeCerRequest({ asOf: new Date('2026-01-20T00:00:00Z'), literature: 3, adverseEvents: 5 });

let site: Site;
let token: string;
beforeAll(async () => {
  site = await openSite();
  token = await site.token('producer');
});
afterAll(() => site.close());

const submit = (body: unknown = asked, headers: Record<string, string> = {}) =>
  site.ask('POST', '/api/cer/reports', { token, body, headers });
const look = (id: string, bearer = token) => site.ask('GET', `/api/cer/reports/${id}`, { token: bearer });
const rows = async () =>
  Number((await site.world.pool.query('select count(*) from cer_reports')).rows[0]?.count);

describe('a request for a clinical evaluation report', () => {
  it('is kept and has a job of its own', async () => {
    const answer = await submit();
    expect(answer.status).toBe(202);
    const id = textAt(answer.json, 'data.report.id');
    expect(at(answer.json, 'data.report')).toMatchObject({
      id,
      status: 'queued',
      device: asked.device.name,
      jobId: `render-cer-${id}`,
      renderer: null,
      pdf: null,
      error: null,
    });
    expect(await site.platform.queues.job('document', `render-cer-${id}`)).toMatchObject({
      name: 'render-cer',
      payload: { type: 'clinical-evaluation-report', data: { reportId: id } },
      correlationId: answer.headers.get('X-Correlation-Id'),
    });
    expect((await look(id)).json).toEqual(answer.json);
    const pdf = await site.ask('GET', `/api/cer/reports/${id}/pdf`, { token });
    expect([pdf.status, at(pdf.json, 'error.code')]).toEqual([409, 'CER_REPORT_NOT_READY']);
  });

  it('may be much larger than a payload, and has a limit of its own', async () => {
    const summary = 'A long summary. '.repeat(1_200);
    const many = Array.from({ length: 100 }, (_, index) => ({
      id: `L${index}`,
      citation: 'Someone. Something. 2020.',
      summary,
      relevance: 'High.',
    }));
    expect((await submit({ ...asked, literature: many })).status).toBe(202);
    const tooMuch = { ...asked, sections: { summary: 'x'.repeat(6_000_000) } };
    const refused = await submit(tooMuch);
    expect([refused.status, at(refused.json, 'error.code')]).toEqual([413, 'TOO_LARGE']);
    expect(at(refused.json, 'error.message')).toContain('5120 kB');
  });

  it.each([
    ['an unknown field', { ...asked, colour: 'blue' }, 'Unrecognized'],
    ['a class that is none', { ...asked, device: { ...asked.device, class: 'II' } }, 'device.class'],
    [
      'a date that is none',
      { ...asked, adverseEvents: [{ ...asked.adverseEvents?.[0], date: '2026-02-30' }] },
      'adverseEvents[0].date',
    ],
    [
      'an id that comes twice',
      { ...asked, literature: [asked.literature?.[0], asked.literature?.[0]] },
      'literature[1].id',
    ],
    ['a control character', { ...asked, riskBenefit: 'a\u0007b' }, 'riskBenefit'],
    ['a notice to nobody', { ...asked, notify: {} }, 'notify'],
    ['an address that is no web address', { ...asked, notify: { url: 'file:///etc/passwd' } }, 'notify.url'],
    ['no evaluator', { ...asked, evaluator: undefined }, 'evaluator'],
  ])('is refused with %s', async (_what, body, said) => {
    const before = await rows();
    const answer = await submit(body);
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([400, 'INVALID_REQUEST']);
    expect(JSON.stringify(answer.json)).toContain(said);
    expect(await rows()).toBe(before);
  });

  it('is one report for one Idempotency-Key, also when it comes ten times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => submit(asked, { 'Idempotency-Key': 'r-1' })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([...Array(9).fill(200), 202]);
    expect(new Set(answers.map((answer) => textAt(answer.json, 'data.report.id'))).size).toBe(1);
    const other = await submit({ ...asked, version: '9' }, { 'Idempotency-Key': 'r-1' });
    expect([other.status, at(other.json, 'error.code')]).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
  });

  it('leaves nothing behind when the queue is away', async () => {
    const before = await rows();
    const bringBack = await takeQueuesAway(site);
    try {
      const answer = await submit();
      expect([answer.status, at(answer.json, 'error.code')]).toEqual([503, 'QUEUE_UNAVAILABLE']);
      expect(await rows()).toBe(before);
      expect((await submit(asked, { 'Idempotency-Key': 'r-2' })).status).toBe(503);
    } finally {
      await bringBack();
    }
    const again = await submit(asked, { 'Idempotency-Key': 'r-2' });
    expect(again.status).toBe(200);
    const job = await site.platform.queues.job('document', textAt(again.json, 'data.report.jobId'));
    expect(job?.state).toBe('waiting');
  });

  it('shows whom it tells to nobody but its owner', async () => {
    const email = 'ada@example.com';
    const answer = await submit({ ...asked, notify: { email } });
    const id = textAt(answer.json, 'data.report.id');
    expect(at((await look(id)).json, 'data.report.notify.email')).toBe(email);
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      const shown = await look(id, await site.token(role));
      expect([role, at(shown.json, 'data.report.notify.email')]).toEqual([role, masked]);
    }
  });

  it('is shown to nobody but its owner and operators', async () => {
    const mine = textAt((await submit()).json, 'data.report.id');
    await site.world.pool.query(`update cer_reports set subject = 'somebody else' where id = $1`, [mine]);
    for (const path of ['', '/pdf']) {
      const answer = await site.ask('GET', `/api/cer/reports/${mine}${path}`, { token });
      expect([answer.status, at(answer.json, 'error.code')]).toEqual([404, 'CER_REPORT_NOT_FOUND']);
    }
    expect((await look(mine, await site.token('operator'))).status).toBe(200);
    expect((await look('no-such-report')).status).toBe(404);
    expect((await site.ask('POST', '/api/cer/reports', { body: asked })).status).toBe(401);
  });
});
