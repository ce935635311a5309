import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimOf } from '../../src/access/oidc.ts';
import { examineProvider } from '../../src/access/oidc-discovery.ts';
import { type FakeOidc, type ForgedToken, oidcClient, startFakeOidc } from '../support/fake-oidc.ts';
import { until } from '../support/platform.ts';
import { type Answer, openSite, type Site } from '../support/site.ts';
import { fromElsewhere, Visitor } from '../support/visitor.ts';

let site: Site;
let provider: FakeOidc;
let visitor: Visitor;

beforeAll(async () => {
  provider = await startFakeOidc();
  site = await openSite({ oidc: settings(provider) });
});
afterAll(async () => {
  await site?.close();
  await provider?.close();
});
beforeEach(() => {
  provider.behave = 'well';
  visitor = new Visitor(() => site.service.url);
});

/** A provider that is well is given all the time that a loaded machine may need. */
function settings({ issuer }: FakeOidc, secret: string = oidcClient.secret, timeoutSeconds = 30) {
  return {
    issuer,
    clientId: oidcClient.id,
    clientSecret: secret,
    scopes: 'openid profile',
    roleClaim: 'realm.roles',
    roles: new Map([
      ['eyes', 'viewer'],
      ['hands', 'operator'],
      ['heads', 'admin'],
    ] as const),
    timeoutSeconds,
  };
}

const realm = (...roles: string[]) => ({ realm: { roles } });

/** Sets out for the provider; where to. */
async function depart(who = visitor, next = '/admin/queues/queue/email'): Promise<URL> {
  const answer = await who.get(`/admin/sign-in/oidc?next=${encodeURIComponent(next)}`);
  expect(answer.status).toBe(303);
  return new URL(answer.headers.get('Location') ?? '');
}

function comeBack(query: Record<string, string>, who = visitor): Promise<Answer> {
  return who.get(`/admin/sign-in/oidc/callback?${new URLSearchParams(query)}`, fromElsewhere);
}

async function signIn(
  claims: Record<string, unknown> = realm('hands'),
  token: ForgedToken = {},
): Promise<Answer> {
  const departure = await depart();
  const state = departure.searchParams.get('state') ?? '';
  return comeBack({ code: provider.code(departure, claims, token), state });
}

const latest = async () => (await site.audited({ action: 'sign-in' }))[0];

async function expectRefusal(answer: Answer, status: number, text: RegExp): Promise<void> {
  expect([answer.status, answer.headers.get('Content-Type')]).toEqual([status, 'text/html; charset=utf-8']);
  expect(answer.text).toMatch(text);
  expect(visitor.cookie('millrace_session')).toBeUndefined();
  // The other ways in are on the same page.
  expect(answer.text).toContain('name="password"');
  expect((await visitor.signIn()).status).toBe(303);
}

describe('signing in at an identity provider', () => {
  it('leads there with state, nonce and a challenge, and to the exact address back', async () => {
    const departure = await depart();
    expect(`${departure.origin}${departure.pathname}`).toBe(`${provider.issuer}/authorize`);
    expect(Object.fromEntries(departure.searchParams)).toEqual({
      client_id: oidcClient.id,
      response_type: 'code',
      redirect_uri: 'http://millrace.example/admin/sign-in/oidc/callback',
      scope: 'openid profile',
      state: expect.stringMatching(/^[\w-]{32,}$/),
      nonce: expect.stringMatching(/^[\w-]{32,}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect((await depart()).searchParams.get('state')).not.toBe(departure.searchParams.get('state'));
    const page = await visitor.get('/admin/sign-in?next=/admin/audit');
    expect(page.text).toContain('href="/admin/sign-in/oidc?next=%2Fadmin%2Faudit"');
  });

  it('lets in with the most that the claims give, for a session as any other, and writes it down', async () => {
    const answer = await signIn({ ...realm('eyes', 'heads', 'more'), sub: 'sub-7', name: 'Ada\nLovelace' });
    expect(answer.status).toBe(200);
    // The way on begins here, since a strict cookie is not sent along where another site led.
    expect(answer.text).toContain('content="0; url=/admin/queues/queue/email"');
    expect((await visitor.get('/admin/audit')).text).toContain('Ada Lovelace');
    expect(visitor.cookie('millrace_oidc')).toBeUndefined();
    expect(await latest()).toMatchObject({
      subject: 'sub-7',
      name: 'Ada Lovelace',
      role: 'admin',
      via: 'oidc',
      outcome: 'done',
    });
    const formToken = await visitor.formToken('/admin/sign-out');
    const out = await visitor.post('/admin/sign-out', { formToken });
    expect(out.text).toContain(`${provider.issuer}/end?client_id=${oidcClient.id}`);
    expect((await visitor.get('/admin/audit')).status).toBe(303);
  });

  it('tells somebody who has no role here so, and who they are there', async () => {
    for (const claims of [
      realm('strangers'),
      realm(),
      {},
      { realm: { roles: { admin: true } } },
      { realm: 'heads' },
    ]) {
      visitor = new Visitor(() => site.service.url);
      const answer = await signIn({ ...claims, name: '<b>Eve</b>' });
      await expectRefusal(
        answer,
        403,
        /signed in at the identity provider as &lt;b&gt;Eve&lt;\/b&gt;, but have no role here/,
      );
    }
    await until('it is in the log', async () =>
      (await site.world.database.audit.list({ outcome: 'refused' }, 50)).some(
        ({ detail }) => detail?.reason === 'no role',
      ),
    );
  });

  it.each<[string, Record<string, unknown>, ForgedToken]>([
    ['another nonce', {}, { claims: { nonce: 'of-another-sign-in' } }],
    ['no nonce', {}, { claims: { nonce: undefined } }],
    ['another audience', {}, { claims: { aud: 'another-client' } }],
    ['another issuer', {}, { claims: { iss: 'https://evil.example' } }],
    ['a time that has passed', {}, { claims: { exp: 1_000, iat: 900 } }],
    ['no subject', {}, { claims: { sub: undefined } }],
    ['a signature of another key', {}, { signed: 'by-another' }],
    ['no signature', {}, { signed: 'none' }],
    ['a signature by the secret that both know', {}, { signed: 'secret' }],
  ])('refuses a token with %s', async (_what, claims, token) => {
    const answer = await signIn({ ...realm('heads'), ...claims }, token);
    await expectRefusal(answer, 403, /answer was not taken/);
  });

  it('refuses another state, a code that was used, and whoever did not set out from this browser', async () => {
    const departure = await depart();
    const code = () => provider.code(departure, realm('hands'));
    const state = departure.searchParams.get('state') ?? '';
    await expectRefusal(await comeBack({ code: code(), state: 'another' }), 403, /answer was not taken/);
    // The first try has used the cookie up.
    visitor = new Visitor(() => site.service.url);
    await expectRefusal(await comeBack({ code: code(), state }), 403, /begun in another browser/);

    visitor = new Visitor(() => site.service.url);
    const again = await depart();
    const twice = {
      code: provider.code(again, realm('hands')),
      state: again.searchParams.get('state') ?? '',
    };
    const cookies = new Map(visitor.cookies);
    expect((await comeBack(twice)).status).toBe(200);
    visitor = new Visitor(() => site.service.url);
    for (const [name, value] of cookies) visitor.cookies.set(name, value);
    await expectRefusal(await comeBack(twice), 403, /used before/);
  });

  it('shows of what the provider says in an address no more than its code', async () => {
    const departure = await depart();
    const state = departure.searchParams.get('state') ?? '';
    const said = { error: 'access_denied', error_description: 'Call 555-0100 now', state };
    const answer = await comeBack(said);
    expect(answer.text).not.toContain('555');
    await expectRefusal(answer, 403, /access_denied/);
    visitor = new Visitor(() => site.service.url);
    const other = (await depart()).searchParams.get('state') ?? '';
    await expectRefusal(
      await comeBack({ error: '<script>alert(1)</script>', state: other }),
      403,
      /\(refused\)/,
    );
  });

  it('does not use a code up for the head of an answer, and goes on to no other site', async () => {
    const departure = await depart(visitor, 'https://evil.example/');
    const state = departure.searchParams.get('state') ?? '';
    const query = { code: provider.code(departure, realm('hands')), state };
    const Cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const address = `/admin/sign-in/oidc/callback?${new URLSearchParams(query)}`;
    const head = await site.ask('HEAD', address, { headers: { Cookie } });
    expect(head.status).toBe(405);
    const answer = await comeBack(query);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('evil');
  });
});

describe('a provider that is away', () => {
  it.each(['ill', 'no-json'] as const)(
    'is told of when it is %s, and other ways in go on',
    async (behave) => {
      const departure = await depart();
      provider.behave = behave;
      const state = departure.searchParams.get('state') ?? '';
      const answer = await comeBack({ code: provider.code(departure, realm('hands')), state });
      await expectRefusal(answer, 503, /provider does not answer/);
    },
  );

  it('is told of when it is silent, and other ways in go on', async () => {
    const impatient = await openSite({ oidc: settings(provider, oidcClient.secret, 1) });
    try {
      const who = new Visitor(() => impatient.service.url);
      let departure: URL | undefined;
      await until('the way there is known', async () => {
        const { status, headers } = await who.get('/admin/sign-in/oidc');
        if (status === 303) departure = new URL(headers.get('Location') ?? '');
        return status === 303;
      });
      if (departure === undefined) throw new Error('Nobody set out.');
      provider.behave = 'silent';
      const query = { code: provider.code(departure), state: departure.searchParams.get('state') ?? '' };
      const answer = await comeBack(query, who);
      expect(answer.status).toBe(503);
      expect(answer.text).toMatch(/provider does not answer/);
      expect((await who.signIn()).status).toBe(303);
    } finally {
      await impatient.close();
    }
  });

  it('holds up no start, is asked once for many, and found again without another', async () => {
    const away = await startFakeOidc();
    away.behave = 'ill';
    const other = await openSite({ oidc: settings(away) });
    try {
      expect(away.discoveries).toBe(0);
      const crowd = Array.from({ length: 5 }, () => new Visitor(() => other.service.url));
      const answers = await Promise.all(crowd.map((who) => who.get('/admin/sign-in/oidc')));
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
      expect(answers[0]?.text).toContain('identity provider does not answer as it should');
      expect(away.discoveries).toBe(1);
      expect((await crowd[0]?.signIn())?.status).toBe(303);
      away.behave = 'well';
      await until(
        'it is asked again',
        async () => (await crowd[1]?.get('/admin/sign-in/oidc'))?.status === 303,
      );
      const before = away.discoveries;
      expect((await crowd[2]?.get('/admin/sign-in/oidc'))?.status).toBe(303);
      expect(away.discoveries).toBe(before);
    } finally {
      await other.close();
      await away.close();
    }
  });

  it('says what to check when it does not know this platform', async () => {
    const other = await openSite({ oidc: settings(provider, 'wrong') });
    try {
      const who = new Visitor(() => other.service.url);
      const departure = await depart(who);
      const query = { code: provider.code(departure), state: departure.searchParams.get('state') ?? '' };
      const answer = await comeBack(query, who);
      expect(answer.status).toBe(503);
      expect(answer.text).toContain('check OIDC_CLIENT_ID and OIDC_CLIENT_SECRET');
    } finally {
      await other.close();
    }
  });
});

it('is not offered where none is set', async () => {
  const other = await openSite();
  try {
    const who = new Visitor(() => other.service.url);
    expect((await who.get('/admin/sign-in')).text).not.toContain('identity provider');
    expect((await who.get('/admin/sign-in/oidc')).status).toBe(403);
  } finally {
    await other.close();
  }
});

it('says of a provider what is wrong with it, and what to do', async () => {
  expect(await examineProvider(settings(provider))).toBeUndefined();
  const said = [
    ['stranger', /calls itself https:\/\/id\.example\. Set OIDC_ISSUER to that/],
    ['doorless', /tenant\/\.well-known\/openid-configuration names no authorization_endpoint/],
    ['ill', /does not answer as it should \(status 503, .*Check OIDC_ISSUER/],
    ['no-json', /does not answer as it should .*Check OIDC_ISSUER/],
    ['silent', /does not answer as it should \(operation timed out/],
  ] as const;
  for (const [behave, words] of said) {
    provider.behave = behave;
    const seconds = behave === 'silent' ? 1 : 30;
    expect(await examineProvider(settings(provider, oidcClient.secret, seconds)), behave).toMatch(words);
  }
  const nobody = await examineProvider({ ...settings(provider), issuer: 'http://127.0.0.1:9/tenant' });
  expect(nobody).toMatch(/does not answer as it should \(fetch failed: .*\)/);
});

it('finds a claim by its name and by its path, and nothing that is not the claim’s own', () => {
  const claims = { 'https://example.com/roles': ['a'], realm_access: { roles: ['b'] }, roles: 'c' };
  expect(claimOf(claims, 'https://example.com/roles')).toEqual(['a']);
  expect(claimOf(claims, 'realm_access.roles')).toEqual(['b']);
  expect(claimOf(claims, 'roles')).toBe('c');
  for (const path of ['constructor', 'roles.length', '__proto__', 'realm_access.', ''])
    expect(claimOf(claims, path)).toBeUndefined();
});
