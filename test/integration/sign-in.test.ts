import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, adminPassword, at, openSite, type Site } from '../support/site.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const asPerson = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const fromHere = { ...asPerson, 'Sec-Fetch-Site': 'same-origin' };

/** As much of a browser as forms and cookies need. */
class Visitor {
  readonly #site: Site;
  readonly cookies = new Map<string, string>();

  constructor(of: Site = site) {
    this.#site = of;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#keep(
      await this.#site.ask('GET', path, { headers: { ...asPerson, ...this.#cookie(), ...headers } }),
    );
  }

  async post(path: string, fields: Record<string, string>, headers: Record<string, string> = fromHere) {
    const body = new URLSearchParams(fields);
    return this.#keep(
      await this.#site.ask('POST', path, { body, headers: { ...headers, ...this.#cookie() } }),
    );
  }

  async formToken(path = '/admin/sign-in'): Promise<string> {
    const found = /name="formToken" value="([^"]+)"/.exec((await this.get(path)).text)?.[1];
    if (found === undefined) throw new Error(`${path} has no form.`);
    return found;
  }

  async signIn(fields: Record<string, string> = { user: 'admin', password: adminPassword }): Promise<Answer> {
    return this.post('/admin/sign-in', { formToken: await this.formToken(), ...fields });
  }

  #cookie(): Record<string, string> {
    return { Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  #keep(answer: Answer): Answer {
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }
}

let visitor: Visitor;
beforeEach(() => {
  visitor = new Visitor();
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
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/admin/queues']);
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith('millrace_session=')) ?? '';
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(attribute);
    expect(cookie).not.toContain('Secure');
    const hours = (Date.parse(/Expires=([^;]+)/.exec(cookie)?.[1] ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThanOrEqual(12);
    expect((await visitor.get('/admin/queues')).status).toBe(200);
    expect((await visitor.get('/admin')).headers.get('Location')).toBe('/admin/queues');
  });

  it('sends its cookie over TLS alone in production and behind https', async () => {
    for (const options of [{ production: true }, { appUrl: 'https://millrace.example' }]) {
      const other = await openSite(options);
      try {
        const answer = await new Visitor(other).signIn();
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
      const other = new Visitor();
      const answer = await other.signIn({ user: 'admin', password: adminPassword, next });
      expect([next, answer.headers.get('Location')]).toEqual([next, '/admin/queues']);
      expect((await other.get(`/admin/sign-in?next=${encodeURIComponent(next)}`)).text).not.toContain('evil');
    }
  });

  it('shows what it was given as text', async () => {
    const next = '/admin/"><script>alert(1)</script>';
    const page = await visitor.get(`/admin/sign-in?next=${encodeURIComponent(next)}`);
    expect(page.text).not.toContain('<script');
  });

  it('knows no password that was not set', async () => {
    const other = await openSite({ adminPassword: undefined });
    try {
      const guest = new Visitor(other);
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
  const isPaused = async () =>
    (await visitor.get('/admin/queues/api/queues')).text.includes('"isPaused":true');

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
    const elsewhere = await new Visitor().formToken();
    await visitor.formToken();
    for (const formToken of ['', 'made-up', elsewhere]) {
      expect((await visitor.post('/admin/sign-in', { ...fields, formToken })).status).toBe(403);
    }
    expect((await visitor.post('/admin/sign-in', fields)).status).toBe(403);
    const crossSite = { ...asPerson, 'Sec-Fetch-Site': 'cross-site' };
    const answer = await visitor.post(
      '/admin/sign-in',
      { ...fields, formToken: await visitor.formToken() },
      crossSite,
    );
    expect(answer.status).toBe(403);
    expect(answer.headers.get('Content-Type')).toContain('text/html');
  });
});

describe('a session', () => {
  it('ends with the sign-out, also for whoever has kept its cookie', async () => {
    await visitor.signIn();
    const kept = visitor.cookies.get('millrace_session') ?? '';
    const answer = await visitor.post('/admin/sign-out', {
      formToken: await visitor.formToken('/admin/sign-out'),
    });
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/admin/sign-in']);
    expect(visitor.cookies.has('millrace_session')).toBe(false);
    visitor.cookies.set('millrace_session', kept);
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
    const second = new Visitor();
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
      expect((await new Visitor(other).get('/admin/sign-in/anything')).status).toBe(403);
    } finally {
      await other.close();
    }
  });
});

describe('tries', () => {
  it('end after ten for a user from an address, the right password included; another user may go on', async () => {
    const other = await openSite();
    try {
      const guesser = new Visitor(other);
      const guess = (user: string, password: string) => guesser.signIn({ user, password });
      for (let tries = 1; tries <= 10; tries += 1)
        expect((await guess('ADMIN', `guess ${tries}`)).status).toBe(401);
      const answer = await guess('admin', adminPassword);
      expect(answer.status).toBe(429);
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(800);
      expect((await guess('somebody', 'x')).status).toBe(401);
    } finally {
      await other.close();
    }
  });

  it('that succeed do not count', async () => {
    for (let tries = 1; tries <= 12; tries += 1) expect((await new Visitor().signIn()).status).toBe(303);
  });
});
