import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, jwtSecret, openSite, reminder, type Site, textAt } from '../support/site.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const secret = new TextEncoder().encode(jwtSecret);
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600;
const good = () => ({ sub: 'shop', role: 'producer', aud: 'millrace', exp: inAnHour() });

function sign(claims: Record<string, unknown>, key: Uint8Array = secret, alg = 'HS256'): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(key);
}

/** Asks for something that any token opens. */
const tryToken = (token: string) => site.ask('GET', '/api/stories/scoring/stats', { token });

describe('a bearer token', () => {
  it('that another service signed with the same secret is good', async () => {
    expect((await tryToken(await sign(good()))).status).toBe(200);
    expect((await tryToken(await sign({ ...good(), aud: ['other', 'millrace'] }))).status).toBe(200);
  });

  it.each<[string, () => string | Promise<string>]>([
    ['expired', () => sign({ ...good(), exp: inAnHour() - 3_700 })],
    ['without an end', () => sign({ sub: 'shop', role: 'producer', aud: 'millrace' })],
    ['for another audience', () => sign({ ...good(), aud: 'millrace-session' })],
    ['without an audience', () => sign({ sub: 'shop', role: 'producer', exp: inAnHour() })],
    ['without a subject', () => sign({ role: 'producer', aud: 'millrace', exp: inAnHour() })],
    ['with a role that there is not', () => sign({ ...good(), role: 'root' })],
    ['with another key', () => sign(good(), new TextEncoder().encode('x'.repeat(40)))],
    ['with another algorithm and the right key', () => sign(good(), secret, 'HS512')],
    ['unsigned, alg none', () => `${base64({ alg: 'none' })}.${base64(good())}.`],
    [
      'unsigned, but with a signature of HS256 behind it',
      () => {
        const head = `${base64({ alg: 'none', typ: 'JWT' })}.${base64(good())}`;
        return `${head}.${createHmac('sha256', jwtSecret).update(head).digest('base64url')}`;
      },
    ],
    ['that is none', () => 'letmein'],
    [
      'changed after signing',
      async () => {
        const [head, , signature] = (await sign(good())).split('.');
        return `${head}.${base64({ ...good(), role: 'admin' })}.${signature}`;
      },
    ],
  ])('is refused when %s', async (_what, make) => {
    const answer = await tryToken(await make());
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([401, 'UNAUTHENTICATED']);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="millrace", error="invalid_token"');
    expect(answer.text).not.toContain(jwtSecret);
  });

  it('that is not there is asked for', async () => {
    const headers: Record<string, string>[] = [
      {},
      { Authorization: 'Basic YWRtaW46YWRtaW4=' },
      { Authorization: 'Bearer' },
    ];
    for (const header of headers) {
      const answer = await site.ask('GET', '/api/stories/scoring/stats', { headers: header });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="millrace"');
    }
  });

  it('is asked for before the body is read', async () => {
    const answer = await site.ask('POST', '/api/jobs/email/send-reminder', { body: '{"payload":' });
    expect(answer.status).toBe(401);
  });

  it('opens what its role allows', async () => {
    const path = '/api/stories/scoring/openai/test';
    const [producer, operator, admin] = [
      await site.token('producer'),
      await site.token('operator'),
      await site.token('admin'),
    ];
    const refused = await site.ask('GET', path, { token: producer });
    expect([refused.status, at(refused.json, 'error.code')]).toEqual([403, 'FORBIDDEN']);
    expect(refused.headers.get('WWW-Authenticate')).toContain('error="insufficient_scope", scope="operator"');
    expect(textAt(refused.json, 'error.message')).toContain('producer');
    for (const token of [operator, admin]) expect((await site.ask('GET', path, { token })).status).toBe(200);
    for (const token of [producer, operator, admin]) {
      const added = await site.ask('POST', '/api/jobs/email/send-reminder', {
        token,
        body: { payload: reminder },
      });
      expect(added.status).toBe(202);
    }
  });
});

it('refuses an address that sends bad tokens without end, and says when to come back', async () => {
  const lone = await openSite();
  try {
    let answer = await lone.ask('GET', '/api/jobs/email/1');
    for (let tries = 1; answer.status === 401 && tries < 400; tries += 1) {
      answer = await lone.ask('GET', '/api/jobs/email/1');
    }
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([429, 'RATE_LIMITED']);
    const seconds = Number(answer.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect((await lone.ask('GET', '/health/live')).status).toBe(200);
  } finally {
    await lone.close();
  }
});
