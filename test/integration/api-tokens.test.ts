import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPasswordCheck } from '../../src/access/passwords.ts';
import { until } from '../support/platform.ts';
import { type Ask, ask, at, jwtSecret, openSite, type Site, textAt } from '../support/site.ts';

let site: Site;
let admin: string;
beforeAll(async () => {
  site = await openSite();
  admin = await site.token('admin', 'root@example.org');
});
afterAll(() => site.close());

const tokens = (method: string, path = '', request: Ask = {}) =>
  site.ask(method, `/api/tokens${path}`, { token: admin, ...request });
const make = async (subject: string, role = 'operator', ttl = '1h') => {
  const { json, text } = await tokens('POST', '', { body: { subject, role, ttl } });
  expect(at(json, 'success'), text).toBe(true);
  return { id: textAt(json, 'data.token.id'), secret: textAt(json, 'data.secret') };
};
const tryToken = (token: string, base = site.service.url) =>
  ask(`${base}/api/stories/scoring/stats`, 'GET', { token });

describe('a token that an admin makes', () => {
  it('is answered once, and kept nowhere', async () => {
    const answer = await tokens('POST', '', { body: { subject: 'ci', role: 'operator', ttl: '90d' } });
    expect(answer.status).toBe(201);
    const secret = textAt(answer.json, 'data.secret');
    expect(at(answer.json, 'data.token')).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      subject: 'ci',
      role: 'operator',
      createdBy: 'root@example.org',
      createdAt: expect.any(String),
      expiresAt: expect.any(String),
      revokedBy: null,
      revokedAt: null,
    });
    const days = (Date.parse(textAt(answer.json, 'data.token.expiresAt')) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
    expect((await tryToken(secret)).status).toBe(200);
    const list = await tokens('GET');
    expect(list.text).toContain('"subject":"ci"');
    const tables = ['api_tokens', 'audit_log', 'audit_outcomes'];
    for (const table of tables) {
      const { rows } = await site.world.pool.query(`select * from ${table}`);
      expect(JSON.stringify(rows)).not.toContain(secret.split('.')[2]);
    }
  });

  it('is refused by every process within seconds of being revoked', async () => {
    const second = await site.openSecond();
    const { id, secret } = await make('leaver');
    expect((await tryToken(secret, second.url)).status).toBe(200);
    const revoked = await tokens('DELETE', `/${id}`);
    expect([revoked.status, at(revoked.json, 'data.token.revokedBy')]).toEqual([200, 'root@example.org']);
    const here = await tryToken(secret);
    expect([here.status, textAt(here.json, 'error.message')]).toEqual([
      401,
      expect.stringContaining('revoked'),
    ]);
    await until(
      'the other process has heard',
      async () => (await tryToken(secret, second.url)).status === 401,
    );
    const again = await tokens('DELETE', `/${id}`);
    expect(at(again.json, 'data.token')).toEqual(at(revoked.json, 'data.token'));
    const third = await site.openSecond();
    expect((await tryToken(secret, third.url)).status).toBe(401);
  });

  it('is listed page by page, the newest first', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.push((await make('pager')).id);
    const first = await tokens('GET', '?subject=pager&limit=2');
    const second = await tokens('GET', `?subject=pager&cursor=${at(first.json, 'data.nextCursor')}`);
    const found = [first, second].flatMap(({ json }) => {
      const list = at(json, 'data.tokens');
      return Array.isArray(list) ? list.map((token) => at(token, 'id')) : [];
    });
    expect(found).toEqual(ids.toReversed());
    expect(at(second.json, 'data.nextCursor')).toBeNull();
  });

  it.each([
    ['a role that there is not', { subject: 'x', role: 'root', ttl: '1h' }, 'role'],
    ['no subject', { role: 'viewer' }, 'subject'],
    ['a subject with spaces', { subject: 'a b', role: 'viewer' }, 'subject'],
    ['a time that is none', { subject: 'x', role: 'viewer', ttl: 'soon' }, 'ttl'],
    ['a time beyond a year', { subject: 'x', role: 'viewer', ttl: '367d' }, 'ttl'],
    ['more than it knows', { subject: 'x', role: 'viewer', sub: 'y' }, '(root)'],
  ])('is not made with %s', async (_what, body, path) => {
    const answer = await tokens('POST', '', { body });
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([400, 'INVALID_REQUEST']);
    expect(JSON.stringify(at(answer.json, 'error.details'))).toContain(path);
  });

  it('is made, listed and revoked by admins alone, and each time is in the log', async () => {
    const { id } = await make('logged', 'viewer');
    for (const role of ['producer', 'viewer', 'operator'] as const) {
      const token = await site.token(role);
      const asked = [
        await tokens('GET', '', { token }),
        await tokens('POST', '', { token, body: { subject: 'mine', role: 'admin' } }),
        await tokens('DELETE', `/${id}`, { token }),
      ];
      expect(asked.map(({ status }) => status)).toEqual([403, 403, 403]);
    }
    await tokens('DELETE', `/${id}`);
    expect((await tokens('DELETE', '/none')).status).toBe(404);
    const log = await site.audited({ object: `token:${id}` });
    expect(log.map(({ role, outcome }) => [role, outcome])).toEqual([
      ['admin', 'done'],
      ['operator', 'refused'],
      ['viewer', 'refused'],
      ['producer', 'refused'],
    ]);
    const [made] = await site.audited({ action: 'token.create' });
    expect(made?.detail?.error).toBe('FORBIDDEN');
  });
});

describe('the command line', { timeout: 120_000 }, () => {
  const run = promisify(execFile);
  const millrace = async (args: readonly string[], environment: Record<string, string> = {}) => {
    const file = join(import.meta.dirname, '../../src/cli/millrace.ts');
    const env = {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: site.world.databaseUrl,
      JWT_SECRET: jwtSecret,
      ...environment,
    };
    return run(process.execPath, [file, ...args], { env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  };

  it('makes a token that the API takes, lists it and revokes it', async () => {
    const made = await millrace([
      'token',
      'create',
      '--role',
      'viewer',
      '--subject',
      'grafana',
      '--ttl',
      '30d',
    ]);
    expect(made.stderr).toContain('grafana');
    expect(made.stdout.trim()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((await tryToken(made.stdout.trim())).status).toBe(200);

    const listed: unknown = JSON.parse(
      (await millrace(['token', 'list', '--subject', 'grafana', '--json'])).stdout,
    );
    const id = Array.isArray(listed) ? textAt(listed[0], 'id') : '';
    const { stdout: table } = await millrace(['token', 'list', '--subject', 'grafana']);
    const cells = table.split('\n').map((line) => line.split(/ {2,}/));
    expect(cells[0]).toEqual(['TOKEN', 'ROLE', 'SUBJECT', 'STATE', 'EXPIRES (UTC)', 'MADE (UTC)', 'BY']);
    expect(cells[1]?.slice(0, 4)).toEqual([id, 'viewer', 'grafana', 'good']);
    const revoked = await millrace(['token', 'revoke', id]);
    expect(revoked.stdout).toContain('revoked by cli:');
    await until('the API has heard', async () => (await tryToken(made.stdout.trim())).status === 401);
    const log = await site.world.database.audit.list({ object: `token:${id}` }, 10);
    expect(log).toEqual([expect.objectContaining({ action: 'token.revoke', via: 'cli', outcome: 'done' })]);
  });

  it('says what is wrong, and makes nothing', async () => {
    const wrong = [
      ['token', 'create', '--role', 'root', '--subject', 'x'],
      ['token', 'create', '--role', 'viewer', '--subject', 'x', '--ttl', '2y'],
      ['token', 'revoke', 'none'],
      ['tokn'],
    ];
    const answers = await Promise.all(wrong.map((args) => millrace(args)));
    expect(answers.map(({ code }) => code)).toEqual([2, 1, 1, 2]);
    expect(answers.map(({ stdout }) => stdout)).toEqual(['', '', '', '']);
    expect(answers[0]?.stderr).toContain('producer, viewer, operator, admin');
    expect(answers[1]?.stderr).toContain('--ttl must be a time such as');
    expect(answers[2]?.stderr).toContain('TOKEN_NOT_FOUND');
  });

  it('hashes a password for ADMIN_PASSWORD', async () => {
    const file = join(import.meta.dirname, '../../src/cli/millrace.ts');
    const hashing = run(process.execPath, [file, 'password'], { env: { PATH: process.env.PATH ?? '' } });
    hashing.child.stdin?.end('a long password\n');
    const hash = (await hashing).stdout.trim();
    const check = createPasswordCheck('admin', hash);
    expect(await check('admin', 'a long password')).toBe(true);
    expect(await check('admin', 'a long passwore')).toBe(false);
    expect(await check('root', 'a long password')).toBe(false);
  });
});
