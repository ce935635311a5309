import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../src/integrations/database/port.ts';
import { at, openSite, type Site } from '../support/site.ts';

let site: Site;
let token: string;
const many = 1_203;

const entry: AuditEntry = {
  subject: 'ada',
  role: 'operator',
  via: 'token',
  action: 'job.retry',
  object: 'job:email/1',
  correlationId: 'c-1',
};

beforeAll(async () => {
  site = await openSite();
  token = await site.token('admin');
  const { audit } = site.world.database;
  for (let first = 0; first < many; first += 100) {
    const size = Math.min(100, many - first);
    await Promise.all(Array.from({ length: size }, () => audit.begin({ ...entry, subject: 'many' })));
  }
  const id = await audit.begin({
    ...entry,
    name: '=HYPERLINK("http://evil.example","x")',
    object: 'job:email/=1+1',
    userAgent: '+cmd|\' /C calc\'!A0, "quoted"\nline',
    detail: { state: '@SUM(A1)' },
  });
  await audit.end(id, 'refused');
});
afterAll(() => site.close());

const ask = (path: string, as = token) => site.ask('GET', `/api/${path}`, { token: as });
const listOf = (json: unknown): unknown[] => {
  const entries = at(json, 'data.entries');
  if (!Array.isArray(entries)) throw new Error(JSON.stringify(json));
  return entries;
};

describe('the audit log over HTTP', () => {
  it('is listed for admins, and for nobody else', async () => {
    for (const role of ['producer', 'viewer', 'operator'] as const) {
      for (const path of ['audit', 'audit.csv'])
        expect((await ask(path, await site.token(role))).status).toBe(403);
    }
    expect((await ask('audit')).status).toBe(200);
  });

  it('is found by actor, action, object, outcome and time', async () => {
    const { json } = await ask(
      'audit?actor=ada&action=job.retry&object=job:email/*&outcome=refused&from=2020-01-01',
    );
    expect(listOf(json)).toEqual([
      expect.objectContaining({
        subject: 'ada',
        role: 'operator',
        outcome: 'refused',
        address: null,
        detail: { state: '@SUM(A1)' },
        at: expect.stringMatching(/^\d{4}-.*Z$/),
      }),
    ]);
    for (const none of [
      'actor=Ada',
      'actor=ada&action=job.cancel',
      'actor=ada&object=job:sync/*',
      'actor=ada&outcome=done',
      'actor=ada&until=2020-01-01T00:00',
      'actor=ada&from=2999-01-01T00:00:00%2B01:00',
    ])
      expect(listOf((await ask(`audit?${none}`)).json)).toEqual([]);
  });

  it('names what is wrong with a query', async () => {
    for (const wrong of [
      'action=job.explode',
      'outcome=maybe',
      'from=yesterday',
      'from=2026-13-45',
      'limit=0',
      'who=ada',
    ]) {
      const answer = await ask(`audit?${wrong}`);
      expect([wrong, answer.status, at(answer.json, 'error.code')]).toEqual([wrong, 400, 'INVALID_REQUEST']);
    }
  });

  it('comes page by page, each entry once, while others are written', async () => {
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { json } = await ask(`audit?actor=many&limit=500${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...listOf(json).map((shown) => at(shown, 'id')));
      await site.world.database.audit.begin({ ...entry, subject: 'many' });
      cursor = String(at(json, 'data.nextCursor') ?? '');
    } while (cursor !== '');
    expect(seen).toHaveLength(many);
    expect(new Set(seen).size).toBe(many);
  });

  it('is exported whole as CSV in which nothing is a formula, and that is in the log', async () => {
    const whole = await ask('audit.csv?actor=many&outcome=open');
    expect(whole.headers.get('Content-Type')).toBe('text/csv; charset=utf-8');
    expect(whole.headers.get('Content-Disposition')).toBe('attachment; filename=audit.csv');
    expect(whole.text.trimEnd().split('\r\n').length).toBeGreaterThan(many);
    const { text } = await ask('audit.csv?actor=ada');
    const [head, row] = [text.slice(0, text.indexOf('\r\n')), text.slice(text.indexOf('\r\n') + 2)];
    expect(head).toBe(
      'id,at,subject,name,role,via,action,object,outcome,address,userAgent,correlationId,detail',
    );
    expect(row).toContain(`"'=HYPERLINK(""http://evil.example"",""x"")"`);
    expect(row).toContain(`"'+cmd|' /C calc'!A0, ""quoted""\nline"`);
    expect(row.endsWith('\r\n')).toBe(true);
    const exported = { subject: 'admin', object: 'audit:log', outcome: 'done' };
    expect(await site.audited({ action: 'audit.export', subject: 'admin' })).toMatchObject([
      exported,
      exported,
    ]);
  });
});
