import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { createSendGrid } from '../../src/integrations/mail/sendgrid.ts';
import { waitOf } from '../../src/integrations/mail/sendgrid-answers.ts';
import { sampleMail, sender } from '../contract/mail-provider.ts';
import { type FakeSendGrid, startFakeSendGrid } from '../support/fake-sendgrid.ts';

const apiKey = 'SG.very-secret-key';
let server: FakeSendGrid;

beforeEach(async () => {
  server = await startFakeSendGrid({ apiKey, maxBytes: 200_000 });
});
afterEach(() => server.close());

const open = (change: { apiKey?: string; baseUrl?: string; timeoutMs?: number } = {}) =>
  createSendGrid({ apiKey, baseUrl: server.baseUrl, from: sender, timeoutMs: 10_000, ...change });
/** So patient that a test which needs the timeout to end fails. */
const patient = { timeoutMs: 600_000 };
const never = () => new AbortController().signal;

/** Sends and answers the error, after looking that no secret can get out with it. */
async function failure(provider = open(), mail = sampleMail(), signal = never()): Promise<unknown> {
  const error: unknown = await provider.send(mail, signal).then(
    () => expect.fail('The mail was sent.'),
    (thrown: unknown) => thrown,
  );
  expect(inspect(error, { depth: 12, showHidden: true })).not.toContain('very-secret-key');
  if (error instanceof MillraceError) expect(error.cause).toBeUndefined();
  return error;
}

describe('what goes over the wire', () => {
  it('is the documented request: text before HTML, category, job key, no click tracking', async () => {
    await open().send(sampleMail(), never());
    expect(server.accepted[0]?.body).toEqual({
      from: { email: sender },
      subject: 'Two opportunities close soon',
      personalizations: [{ to: [{ email: 'ada@example.org', name: 'Ada Lovelace' }] }],
      content: [
        { type: 'text/plain', value: sampleMail().text },
        { type: 'text/html', value: sampleMail().html },
      ],
      categories: ['opportunity-reminder'],
      custom_args: { job_key: 'email:send-reminder:0192-7f' },
      tracking_settings: { click_tracking: { enable: false, enable_text: false } },
    });
  });

  it('holds no comma or semicolon in a name, which SendGrid refuses', async () => {
    await open().send(sampleMail({ toName: 'Lovelace, Ada; Countess' }), never());
    expect(server.accepted[0]?.body.personalizations).toEqual([
      { to: [{ email: 'ada@example.org', name: 'Lovelace Ada Countess' }] },
    ]);
  });

  it('bears the key of its own provider when several are open', async () => {
    const other = open({ apiKey: 'SG.other' });
    await open().send(sampleMail(), never());
    expect(await failure(other)).toMatchObject({ code: 'MAIL_UNAUTHORIZED' });
    expect(server.accepted).toHaveLength(1);
  });

  it('does not go through a proxy of the environment', async () => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
    await open().send(sampleMail(), never());
    vi.unstubAllEnvs();
    expect(server.accepted).toHaveLength(1);
  });
});

describe('connections', () => {
  it('are as many as mails go at a time, and are used again and again', async () => {
    const provider = createSendGrid({ apiKey, baseUrl: server.baseUrl, from: sender, connections: 4 });
    let left = 60;
    const inTurn = async () => {
      while (left-- > 0) await provider.send(sampleMail(), never());
    };
    await Promise.all(Array.from({ length: 4 }, inTurn));
    expect(server.accepted).toHaveLength(60);
    expect(server.mostConnections).toBe(4);
    // More at a time wait for one of them.
    await Promise.all(Array.from({ length: 20 }, () => provider.send(sampleMail(), never())));
    expect(server.mostConnections).toBe(4);
    provider.close?.();
  });
});

describe('what SendGrid answers', () => {
  it('400: rejected, with the fields and the messages', async () => {
    const error = await failure(open(), sampleMail({ to: 'ada@localhost', text: '' }));
    expect(error).toMatchObject({ code: 'MAIL_REJECTED', retryable: false });
    expect(error).toHaveProperty(
      'message',
      'SendGrid refuses this mail (400): personalizations.0.to.0.email: Does not contain a valid address.; content.0.value: The content value must be a string at least one character in length.',
    );
  });

  it('413: rejected, with what to do', async () => {
    const error = await failure(open(), sampleMail({ html: 'x'.repeat(300_000) }));
    expect(error).toMatchObject({ code: 'MAIL_REJECTED', retryable: false });
    expect(error).toHaveProperty('message', expect.stringContaining('send a link'));
  });

  it('401 for a wrong key: unauthorized, not retried', async () => {
    const error = await failure(open({ apiKey: 'SG.wrong' }));
    expect(error).toMatchObject({ code: 'MAIL_UNAUTHORIZED', retryable: false });
    expect(error).toHaveProperty('message', expect.stringContaining('invalid, expired, or revoked'));
  });

  it.each([
    [401, 'Maximum credits exceeded', 'MAIL_UNAUTHORIZED', false],
    [403, 'The from address does not match a verified Sender Identity.', 'MAIL_REJECTED', false],
    [404, 'not found', 'MAIL_REJECTED', false],
    [408, 'timeout', 'MAIL_UNAVAILABLE', true],
    [500, 'internal', 'MAIL_UNAVAILABLE', true],
    [503, 'down', 'MAIL_UNAVAILABLE', true],
  ])('%i %s: %s', async (status, message, code, retryable) => {
    server.script({ status, body: { errors: [{ message, field: null }] } });
    const error = await failure();
    expect(error).toMatchObject({ code, retryable });
    expect(error).toHaveProperty('message', expect.stringContaining(`(${status}): ${message}`));
  });

  it('429: waits until the limit is reset', async () => {
    const reset = Math.floor(Date.now() / 1_000) + 30;
    server.script({
      status: 429,
      headers: { 'x-ratelimit-reset': String(reset) },
      body: { errors: [{ field: null, message: 'too many requests' }] },
    });
    const error = await failure();
    expect(error).toMatchObject({ name: 'RateLimitedError', code: 'MAIL_RATE_LIMITED', retryable: true });
    expect(error).toHaveProperty(
      'retryAfterMs',
      expect.toSatisfy((ms: number) => ms > 20_000 && ms <= 31_000),
    );
  });

  it('429 without a header: a minute', async () => {
    server.script({ status: 429, body: 'too many requests' });
    expect(await failure()).toMatchObject({ code: 'MAIL_RATE_LIMITED', retryAfterMs: 60_000 });
  });

  it.each([
    ['JSON that breaks off', 'broken-json' as const, 'MAIL_REJECTED'],
    ['HTML of a gateway', { status: 502, body: '<html>\n<h1>Bad Gateway</h1>' }, 'MAIL_UNAVAILABLE'],
    [
      'errors of another shape',
      { status: 400, body: { errors: [null, 7, { message: 3 }] } },
      'MAIL_REJECTED',
    ],
    ['nothing at all', { status: 400 }, 'MAIL_REJECTED'],
  ])('%s is understood by its status', async (_, scripted, code) => {
    server.script(scripted);
    expect(await failure()).toMatchObject({ code });
    expect(server.requests).toBe(1);
  });

  it('a redirect is not followed', async () => {
    server.script({ status: 307, headers: { location: `${server.baseUrl}/v3/mail/send` } });
    expect(await failure()).toMatchObject({ code: 'MAIL_UNAVAILABLE' });
    expect(server.requests).toBe(1);
  });

  it('an answer without an end is cut off', async () => {
    server.script('endless-body');
    expect(await failure(open(patient))).toMatchObject({ code: 'MAIL_UNAVAILABLE' });
    await server.abandonedBy(1);
  });

  it('a long reason is shortened to one line', async () => {
    server.script({ status: 500, body: `line\r\n${'x'.repeat(5_000)}` });
    const error = await failure();
    expect(error).toHaveProperty(
      'message',
      expect.toSatisfy((text: string) => text.length < 1_100),
    );
    expect(error).toHaveProperty('message', expect.not.stringMatching(/[\r\n]/));
  });
});

describe('when no answer comes', () => {
  it('a connection that breaks off is retried', async () => {
    server.script('reset');
    const error = await failure();
    expect(error).toMatchObject({ code: 'MAIL_UNAVAILABLE', retryable: true });
    expect(error).toHaveProperty('message', expect.stringContaining('ECONNRESET'));
  });

  it('a server that is not there is retried', async () => {
    const gone = await startFakeSendGrid({ apiKey });
    await gone.close();
    const error = await failure(open({ baseUrl: gone.baseUrl }));
    expect(error).toMatchObject({ code: 'MAIL_UNAVAILABLE', retryable: true });
    expect(error).toHaveProperty('message', expect.stringContaining('ECONNREFUSED'));
  });

  it('a server that is silent is left at the timeout', async () => {
    server.script('hang');
    const error = await failure(open({ timeoutMs: 150 }));
    expect(error).toMatchObject({ code: 'MAIL_UNAVAILABLE', retryable: true });
    expect(error).toHaveProperty('message', expect.stringContaining('150 ms'));
    await server.abandonedBy(1);
  });

  it('an aborted signal ends the request itself, and its reason is thrown', async () => {
    server.script('hang');
    const controller = new AbortController();
    const reason = new MillraceError('JOB_ABORTED', 'The worker is stopping.');
    const failed = failure(open(patient), sampleMail(), controller.signal);
    await server.requested(1);
    controller.abort(reason);
    expect(await failed).toBe(reason);
    await server.abandonedBy(1);
  });
});

describe('how long to wait', () => {
  const now = Date.UTC(2026, 10, 21, 12, 0, 0);
  const reset = (seconds: number) => ({ 'x-ratelimit-reset': String(now / 1_000 + seconds) });

  it.each([
    ['the time of the reset', reset(42), 42_000],
    ['no less than a second', reset(-100), 1_000],
    ['no more than an hour', reset(1_000_000), 3_600_000],
    ['a minute without a header', {}, 60_000],
    ['a minute for what is no number', { 'x-ratelimit-reset': 'soon' }, 60_000],
    ['a minute for an empty one', { 'x-ratelimit-reset': ' ' }, 60_000],
    ['counted by their clock', { ...reset(42), date: new Date(now + 2_000).toUTCString() }, 40_000],
    ['counted by ours when theirs is unreadable', { ...reset(42), date: 'yesterday' }, 42_000],
  ])('is %s', (_, headers, expected) => {
    expect(waitOf(headers, now)).toBe(expected);
  });
});
