import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deriveKey } from '../../src/http/keys.ts';
import { until } from '../support/platform.ts';
import { adminPassword, at, jwtSecret, openSite, type Site, textAt } from '../support/site.ts';
import { fromElsewhere, Visitor } from '../support/visitor.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const visitorOf = (of: Site = site) => new Visitor(() => of.service.url);

let visitor: Visitor;
beforeEach(() => {
  visitor = visitorOf();
});

describe('the sign-in page', () => {
  it('is where people are sent, and programs get a 401', async () => {
    const sent = await visitor.get('/admin/queues/queue/email?status=failed');
    expect(sent.status).toBe(303);
    expect(sent.headers.get('Location')).toBe(
      `/admin/sign-in?next=${encodeURIComponent('/admin/queues/queue/email?status=failed')}`,
    );
    const program = await site.ask('GET', '/admin/queues/api/queues', {
      headers: { Accept: 'application/json' },
    });
    expect([program.status, at(program.json, 'error.code')]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('runs no script and loads nothing but its style', async () => {
    const page = await visitor.get('/admin/sign-in');
    expect(page.status).toBe(200);
    const policy = page.headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('script-src');
    expect(policy).not.toContain('unsafe');
    expect(page.headers.get('Cache-Control')).toBe('no-store');
    expect(page.text).not.toMatch(/<script|<style|style=/);
    const style = await visitor.get('/admin/style.css');
    expect(style.headers.get('Content-Type')).toContain('text/css');
  });

  it('lets in by password, with a cookie that scripts and other sites cannot use', async () => {
    const answer = await visitor.signIn();
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/admin']);
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith('millrace_session=')) ?? '';
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(attribute);
    expect(cookie).not.toContain('Secure');
    const hours = (Date.parse(/Expires=([^;]+)/.exec(cookie)?.[1] ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThanOrEqual(12);
    expect((await visitor.get('/admin/queues')).status).toBe(200);
    expect((await visitor.get('/admin')).status).toBe(200);
  });

  it('sends its cookie over TLS alone in production and behind https', async () => {
    for (const options of [{ production: true }, { appUrl: 'https://millrace.example' }]) {
      const other = await openSite(options);
      try {
        const answer = await visitorOf(other).signIn();
        expect(answer.headers.getSetCookie().join()).toMatch(/millrace_session=[^;]+;.*Secure/);
      } finally {
        await other.close();
      }
    }
  });

  it.each([
    ['a wrong password', { user: 'admin', password: 'wrong' }],
    ['a wrong user', { user: 'root', password: adminPassword }],
    ['no token', { token: 'nonsense' }],
  ])('refuses %s with the page again', async (_what, fields) => {
    const answer = await visitor.signIn(fields);
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('role="alert"');
    expect(visitor.cookies.has('millrace_session')).toBe(false);
    expect(answer.text).not.toContain(adminPassword);
  });

  it('takes the token of an operator, for no longer than the token is good, and not a producer’s', async () => {
    const refused = await visitor.signIn({ token: await site.token('producer') });
    expect(refused.status).toBe(401);
    expect(refused.text).toContain('operator');
    const answer = await visitor.signIn({ token: ` ${await site.token('operator')}\n` });
    expect(answer.status).toBe(303);
    const cookie = answer.headers.getSetCookie().join();
    const hours = (Date.parse(/Expires=([^;]+)/.exec(cookie)?.[1] ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeLessThanOrEqual(1);
    expect((await visitor.get('/admin/queues')).status).toBe(200);
  });

  it('goes on to the page that was asked for, and to no other site', async () => {
    const good = await visitor.signIn({
      user: 'admin',
      password: adminPassword,
      next: '/admin/queues/queue/sync',
    });
    expect(good.headers.get('Location')).toBe('/admin/queues/queue/sync');
    const bad = [
      'https://evil.example/admin',
      '//evil.example/admin',
      '/\\evil.example',
      '/admin/../../evil',
      'javascript:alert(1)',
    ];
    for (const next of bad) {
      const other = visitorOf();
      const answer = await other.signIn({ user: 'admin', password: adminPassword, next });
      expect([next, answer.headers.get('Location')]).toEqual([next, '/admin']);
      expect((await other.get(`/admin/sign-in?next=${encodeURIComponent(next)}`)).text).not.toContain('evil');
    }
  });

  it('shows what it was given as text', async () => {
    const next = '/admin/"><script>alert(1)</script>';
    const page = await visitor.get(`/admin/sign-in?next=${encodeURIComponent(next)}`);
    expect(page.text).not.toContain('<script');
  });

  it('knows no password that was not set', async () => {
    const other = await openSite({ adminPasswordHash: undefined });
    try {
      const guest = visitorOf(other);
      expect((await guest.get('/admin/sign-in')).text).not.toContain('type="password"');
      expect((await guest.signIn({ user: 'admin', password: 'undefined' })).status).toBe(401);
    } finally {
      await other.close();
    }
  });
});

describe('changes', () => {
  const put = (headers: Record<string, string>) =>
    site.ask('PUT', '/admin/queues/api/queues/email/pause', {
      headers: { ...headers, Accept: 'application/json' },
    });
  const isPaused = async () => {
    const { status, text } = await visitor.get('/admin/queues/api/queues');
    expect([status, text.startsWith('{')]).toEqual([200, true]);
    return text.includes('"isPaused":true');
  };

  it('that another site asked for are refused, with the session of a person', async () => {
    await visitor.signIn();
    const Cookie = `millrace_session=${visitor.cookies.get('millrace_session')}`;
    const foreign: Record<string, string>[] = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': 'cross-site', Origin: site.service.url },
      { Origin: 'http://evil.example' },
      { Origin: 'null' },
      {},
    ];
    for (const headers of foreign) {
      const answer = await put({ Cookie, ...headers });
      expect([headers, answer.status, at(answer.json, 'error.code')]).toEqual([headers, 403, 'FORBIDDEN']);
    }
    expect(await isPaused()).toBe(false);
    expect((await put({ Cookie, 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
    expect(await isPaused()).toBe(true);
    expect((await put({ Cookie, Origin: site.service.url })).status).toBe(200);
    expect((await put({ Cookie, Origin: 'http://millrace.example' })).status).toBe(200);
  });

  it('are for operators: by token, where no browser can be misled', async () => {
    const asProducer = await site.token('producer');
    const asOperator = await site.token('operator');
    expect((await put({ Authorization: `Bearer ${asProducer}` })).status).toBe(403);
    expect((await put({ Authorization: `Bearer ${asOperator}` })).status).toBe(200);
  });

  it('by our own forms need the token of the form, of this very browser', async () => {
    const fields = { user: 'admin', password: adminPassword };
    const elsewhere = await visitorOf().formToken();
    await visitor.formToken();
    for (const formToken of ['', 'made-up', elsewhere]) {
      expect((await visitor.post('/admin/sign-in', { ...fields, formToken })).status).toBe(403);
    }
    expect((await visitor.post('/admin/sign-in', fields)).status).toBe(403);
    const answer = await visitor.post(
      '/admin/sign-in',
      { ...fields, formToken: await visitor.formToken() },
      fromElsewhere,
    );
    expect(answer.status).toBe(403);
    expect(answer.headers.get('Content-Type')).toContain('text/html');
  });

  it('by the pages of the console need it too', async () => {
    await visitor.signIn();
    const isPaused = () => site.platform.queues.queue('sync').isPaused();
    const elsewhere = await visitorOf().formToken();
    for (const formToken of ['', 'made-up', elsewhere]) {
      const answer = await visitor.post('/admin/do/pause', { formToken, queue: 'sync', confirmed: 'yes' });
      expect(answer.status).toBe(403);
    }
    expect((await visitor.post('/admin/do/pause', { queue: 'sync', confirmed: 'yes' })).status).toBe(403);
    expect(await isPaused()).toBe(false);
    const formToken = await visitor.formToken('/admin/sign-out');
    const fields = { formToken, queue: 'sync', confirmed: 'yes' };
    expect((await visitor.post('/admin/do/pause', fields)).status).toBe(303);
    expect(await isPaused()).toBe(true);
  });
});

describe('a session', () => {
  it('ends with the sign-out in every process, also for whoever has kept its cookie', async () => {
    const second = await site.openSecond();
    await visitor.signIn();
    const thief = new Visitor(() => second.url);
    thief.cookies.set('millrace_session', visitor.cookies.get('millrace_session') ?? '');
    expect((await thief.get('/admin/queues')).status).toBe(200);
    const answer = await visitor.post('/admin/sign-out', {
      formToken: await visitor.formToken('/admin/sign-out'),
    });
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/admin/sign-in']);
    expect(visitor.cookies.has('millrace_session')).toBe(false);
    const keeper = visitorOf();
    keeper.cookies.set('millrace_session', thief.cookies.get('millrace_session') ?? '');
    expect((await keeper.get('/admin/queues')).status).toBe(303);
    await until('the other process has heard', async () => (await thief.get('/admin/queues')).status === 303);
  });

  it('ends in all browsers when its person says so, and other people’s stay', async () => {
    const elsewhere = visitorOf();
    await elsewhere.signIn();
    await visitor.signIn();
    const other = visitorOf();
    await other.signIn({ token: await site.token('operator') });
    await visitor.post('/admin/sign-out', {
      formToken: await visitor.formToken('/admin/sign-out'),
      everywhere: 'yes',
    });
    expect((await elsewhere.get('/admin/queues')).status).toBe(303);
    expect((await other.get('/admin/queues')).status).toBe(200);
    const again = visitorOf();
    await again.signIn();
    expect((await again.get('/admin/queues')).status).toBe(200);
  });

  it('is new with each sign-in, whatever the browser brought along, and ends the one before', async () => {
    await visitor.signIn();
    const before = visitor.cookies.get('millrace_session') ?? '';
    await visitor.signIn();
    const after = visitor.cookies.get('millrace_session') ?? '';
    expect(after).not.toBe(before);
    const keeper = visitorOf();
    keeper.cookies.set('millrace_session', before);
    expect((await keeper.get('/admin/queues')).status).toBe(303);
    const planted = visitorOf();
    planted.cookies.set('millrace_session', 'planted');
    await planted.signIn();
    expect(planted.cookies.get('millrace_session')).not.toBe('planted');
  });

  it('expires by itself, and has no other key, algorithm or audience', async () => {
    await visitor.signIn();
    const [head = '', body = '', signature = ''] = (visitor.cookies.get('millrace_session') ?? '').split('.');
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    if (typeof claims !== 'object' || claims === null) throw new Error('The session has no claims.');
    const key = deriveKey(jwtSecret, 'sessions');
    const signed = (changes: object, alg = 'HS256', by: Uint8Array = key) =>
      new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg, typ: 'JWT' }).sign(by);
    const opens = async (value: string) => {
      visitor.cookies.set('millrace_session', value);
      return (await visitor.get('/admin/queues')).status === 200;
    };
    expect(await opens(await signed({}))).toBe(true);
    const now = Math.floor(Date.now() / 1_000);
    const bad = [
      await signed({ exp: now - 1 }),
      await signed({ aud: 'millrace' }),
      await signed({ role: 'root' }),
      await signed({}, 'HS512'),
      await signed({}, 'HS256', new TextEncoder().encode(jwtSecret)),
      `${head}.${Buffer.from(JSON.stringify({ ...claims, role: 'viewer' })).toString('base64url')}.${signature}`,
    ];
    for (const value of bad) expect([value, await opens(value)]).toEqual([value, false]);
  });

  it('ends with the token that it was made from', async () => {
    const admin = await site.token('admin');
    const body = { subject: 'ops', role: 'operator', ttl: '1h' };
    const made = await site.ask('POST', '/api/tokens', { token: admin, body });
    await visitor.signIn({ token: textAt(made.json, 'data.secret') });
    expect((await visitor.get('/admin/queues')).status).toBe(200);
    await site.ask('DELETE', `/api/tokens/${textAt(made.json, 'data.token.id')}`, { token: admin });
    expect((await visitor.get('/admin/queues')).status).toBe(303);
  });

  it('is no token for the API, and a token is no session', async () => {
    await visitor.signIn();
    const token = visitor.cookies.get('millrace_session') ?? '';
    expect((await site.ask('GET', '/api/stories/scoring/stats', { token })).status).toBe(401);
    visitor.cookies.set('millrace_session', await site.token('admin'));
    expect((await visitor.get('/admin/queues')).status).toBe(303);
  });

  it('is found again by someone who followed a link from another site', async () => {
    const page = await visitor.get('/admin/queues/queue/email', { 'Sec-Fetch-Site': 'cross-site' });
    expect(page.status).toBe(200);
    expect(page.text).toContain('http-equiv="refresh" content="0; url=/admin/queues/queue/email"');
    expect((await visitor.get('/admin/queues/queue/email', { 'Sec-Fetch-Site': 'same-origin' })).status).toBe(
      303,
    );
  });
});

describe('the one-time link', () => {
  it('signs an admin in once', async () => {
    const link = new URL(site.service.oneTimeLink() ?? '').pathname;
    const head = await site.ask('HEAD', link);
    expect(head.status).toBe(403);
    const page = await visitor.get(link);
    expect(page.status).toBe(200);
    expect(page.text).toContain('url=/admin/queues');
    expect((await visitor.get('/admin/queues')).status).toBe(200);
    const second = visitorOf();
    const again = await second.get(link);
    expect(again.status).toBe(403);
    expect(again.text).toContain('used before');
    expect(second.cookies.has('millrace_session')).toBe(false);
    expect((await second.get('/admin/sign-in/made-up')).status).toBe(403);
  });

  it('is not there in production', async () => {
    const other = await openSite({ production: true });
    try {
      expect(other.service.oneTimeLink()).toBeUndefined();
      expect((await visitorOf(other).get('/admin/sign-in/anything')).status).toBe(403);
    } finally {
      await other.close();
    }
  });
});

describe('tries', () => {
  it('end after ten for a user from an address, in all processes together; another user may go on', async () => {
    const other = await openSite();
    try {
      const second = await other.openSecond();
      const [here, there] = [visitorOf(other), new Visitor(() => second.url)];
      const guess = (user: string, password: string, guesser: Visitor = here) =>
        guesser.signIn({ user, password });
      for (let tries = 1; tries <= 10; tries += 1)
        expect((await guess('ADMIN', `guess ${tries}`, tries % 2 === 0 ? here : there)).status).toBe(401);
      for (const guesser of [here, there]) {
        const answer = await guess('admin', adminPassword, guesser);
        expect(answer.status).toBe(429);
        expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(800);
        expect(answer.text).toContain('Too many failed tries');
      }
      expect((await guess('somebody', 'x')).status).toBe(401);
      const { rows } = await other.world.pool.query('select key from sign_in_tries');
      expect(JSON.stringify(rows)).not.toMatch(/admin|somebody|127/i);
    } finally {
      await other.close();
    }
  });

  it('that come at once do not all pass', async () => {
    const other = await openSite();
    try {
      const guessers = await Promise.all(
        Array.from({ length: 25 }, async () => {
          const guesser = visitorOf(other);
          return { guesser, formToken: await guesser.formToken() };
        }),
      );
      const answers = await Promise.all(
        guessers.map(({ guesser, formToken }, index) =>
          guesser.post('/admin/sign-in', { formToken, user: 'admin', password: `guess ${index}` }),
        ),
      );
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
    } finally {
      await other.close();
    }
  });

  it('that succeed do not count', async () => {
    for (let tries = 1; tries <= 12; tries += 1) expect((await visitorOf().signIn()).status).toBe(303);
  });
});

it('writes down who came in, who did not and who left, and never what was typed', async () => {
  const other = await openSite();
  try {
    const guest = visitorOf(other);
    await guest.signIn({ user: adminPassword, password: 'admin' });
    await guest.signIn({ user: 'admin', password: 'wrong' });
    await guest.signIn({ token: await other.token('producer') });
    await guest.signIn();
    await guest.post('/admin/sign-out', { formToken: await guest.formToken('/admin/sign-out') });
    const entries = await other.audited({});
    expect(
      entries.map(({ action, subject, via, outcome, detail }) => [
        action,
        subject,
        via,
        outcome,
        detail?.reason,
      ]),
    ).toEqual([
      ['sign-out', 'admin', 'password', 'done', undefined],
      ['sign-in', 'admin', 'password', 'done', undefined],
      ['sign-in', 'producer', 'token', 'refused', 'role producer'],
      ['sign-in', 'admin', 'password', 'refused', 'wrong user or password'],
      ['sign-in', 'unknown', 'password', 'refused', 'wrong user or password'],
    ]);
    expect(JSON.stringify(entries)).not.toContain(adminPassword);
  } finally {
    await other.close();
  }
});
