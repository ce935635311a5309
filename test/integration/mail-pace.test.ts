import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeliveryContext, deliver } from '../../processors/email/deliver.ts';
import { awaitTurn } from '../../processors/email/turn.ts';
import { MillraceError } from '../../src/errors/catalogue.ts';
import type { Database, MailClaim } from '../../src/integrations/database/port.ts';
import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import type { MailProvider } from '../../src/integrations/mail/port.ts';
import { createSendGrid } from '../../src/integrations/mail/sendgrid.ts';
import { Events } from '../../src/observability/events.ts';
import { type FakeSendGrid, startFakeSendGrid } from '../support/fake-sendgrid.ts';
import { createWorld, type World } from '../support/world.ts';

const apiKey = 'SG.pace';

let world: World;
let server: FakeSendGrid;
/** What each worker process has of its own: connections to the database and to the provider. */
let processes: { readonly database: Database; readonly mail: MailProvider }[];

beforeEach(async () => {
  world = await createWorld();
  server = await startFakeSendGrid({ apiKey });
  processes = [];
});
afterEach(async () => {
  for (const { database, mail } of processes) {
    mail.close?.();
    await database.close();
  }
  await server.close();
  await world.close();
});

function openProcesses(perSecond?: number) {
  const open = () => ({
    database: openDatabase({ url: world.databaseUrl, poolMax: 3 }),
    mail: createSendGrid({
      apiKey,
      baseUrl: server.baseUrl,
      from: 'noreply@example.com',
      ...(perSecond === undefined ? {} : { perSecond }),
    }),
  });
  processes = [open(), open()];
}

const ignore = () => undefined;
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** Mail number `n`, from the one process or the other. */
function send(n: number, signal = new AbortController().signal) {
  const services = processes[n % 2];
  if (services === undefined) throw new Error('Open the processes first.');
  const context: DeliveryContext = {
    job: { key: `pace.${n}` },
    log,
    signal,
    services: { ...services, events: new Events() },
  };
  return deliver(context, {
    to: `u${n}@example.org`,
    category: 'welcome',
    subject: 'Hello',
    text: 'Hello.',
    html: '<p>Hello.</p>',
  });
}

const times = (count: number) => Array.from({ length: count }, (_, n) => n);

async function attemptsOf(jobKey: string): Promise<unknown> {
  const { rows } = await world.pool.query('select attempts from email_deliveries where job_key = $1', [
    jobKey,
  ]);
  return rows[0]?.attempts;
}

describe('a provider’s limit', () => {
  it('holds over all processes together, and is used up', async () => {
    openProcesses(20);
    const began = Date.now();
    const results = await Promise.all(times(30).map((n) => send(n)));
    expect(results.every(({ status }) => status === 'sent')).toBe(true);
    const arrivals = server.accepted.map(({ at }) => at - began).sort((a, b) => a - b);
    // However slow the machine, the n-th mail comes no sooner than its place, 50 ms after the one before.
    for (const [n, at] of arrivals.entries()) expect(at).toBeGreaterThanOrEqual(n * 50 - 5);
    const { rows } = await world.pool.query(
      'select extract(epoch from next_at) * 1000 as next from mail_paces',
    );
    // 30 places were taken, one after another but for pauses in which nobody asked.
    expect(Number(rows[0]?.next) - began).toBeGreaterThanOrEqual(30 * 50 - 5);
  });

  it('is not spent by mails that are not sent', async () => {
    openProcesses(1);
    await world.pool.query(
      "insert into email_suppressions (email, reason) select 'u' || n || '@example.org', 'bounce' from generate_series(0, 9) n",
    );
    for (const n of times(10)) expect(await send(n)).toMatchObject({ status: 'suppressed' });
    const { rows } = await world.pool.query('select next_at from mail_paces where next_at > now()');
    expect(rows).toEqual([]);
  });
});

describe('a mail that misses its place, since its process was held up', () => {
  it('takes another one instead of crowding the next, and goes with that however late it is', async () => {
    const { deliveries } = world.database;
    let claims = 0;
    const ledger = {
      ...deliveries,
      async claim(mail: MailClaim) {
        const claimed = await deliveries.claim(mail);
        claims += 1;
        // Longer than a mail may be late.
        await new Promise((resolve) => setTimeout(resolve, 120));
        return claimed;
      },
    };
    const mail = { recipient: 'u@example.org', template: 't', provider: 'paced', intervalUs: 1_000 };
    const signal = new AbortController().signal;
    await expect(awaitTurn(ledger, { ...mail, jobKey: 'late' }, signal)).resolves.toMatchObject({
      outcome: 'send',
      unclear: false,
    });
    expect(claims).toBe(2);
    expect(await attemptsOf('late')).toBe(1);
    // Without a limit there are no places to miss.
    const { intervalUs: _, ...unlimited } = mail;
    await awaitTurn(ledger, { ...unlimited, provider: 'free', jobKey: 'free' }, signal);
    expect(claims).toBe(3);
  });
});

describe('a provider that asks to wait', () => {
  it('is left alone by every process until then, and no mail is lost', async () => {
    openProcesses();
    const reset = Math.floor(Date.now() / 1_000) + 600;
    server.script({ status: 429, headers: { 'x-ratelimit-reset': String(reset) } });
    await expect(send(0)).rejects.toMatchObject({
      code: 'MAIL_RATE_LIMITED',
      retryAfterMs: expect.any(Number),
    });
    const { rows: told } = await world.pool.query('select paused_until from mail_paces');
    expect(Number(told[0]?.paused_until)).toBeGreaterThanOrEqual(reset * 1_000);
    // Time is moved instead of waited for.
    const { rows } = await world.pool.query(
      "update mail_paces set paused_until = now() + interval '1 second' returning paused_until",
    );
    const until = rows[0]?.paused_until;
    const results = await Promise.all(times(20).map((n) => send(n)));
    expect(results.every(({ status }) => status === 'sent')).toBe(true);
    expect(server.requests).toBe(21);
    for (const { at } of server.accepted) expect(at).toBeGreaterThanOrEqual(Number(until) - 5);
    // The one that was refused did not go out, so its next claim is not a second try.
    expect(await attemptsOf('pace.0')).toBe(1);
  });

  it('for long gets its mails back later, which costs no attempt', async () => {
    openProcesses();
    await world.database.deliveries.pause('sendgrid', 600_000);
    const mail = { jobKey: 'long', recipient: 'u@example.org', template: 't', provider: 'sendgrid' };
    const turn = awaitTurn(world.database.deliveries, mail, new AbortController().signal, {
      longestHoldMs: 50,
    });
    const failure = await turn.then(
      () => expect.fail('It had its turn.'),
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(MillraceError);
    expect(failure).toMatchObject({ name: 'RateLimitedError', code: 'MAIL_RATE_LIMITED' });
    expect(failure).toHaveProperty(
      'retryAfterMs',
      expect.toSatisfy((ms: number) => ms > 500_000 && ms <= 601_000),
    );
    expect(await attemptsOf('long')).toBeUndefined();
  });

  it('is heeded by mails that have their place already', async () => {
    const { deliveries } = world.database;
    const places: string[] = [];
    const ledger = {
      ...deliveries,
      // Its place comes soon, and before it does the provider asks for a pause.
      async claim(mail: MailClaim) {
        const claimed = await deliveries.claim(mail);
        places.push(claimed.outcome);
        if (claimed.outcome !== 'send') return claimed;
        await deliveries.pause('slow', 600_000);
        return { ...claimed, waitMs: 200 };
      },
    };
    const mail = { recipient: 'u@example.org', template: 't', provider: 'slow', jobKey: 'placed' };
    const turn = awaitTurn(ledger, mail, new AbortController().signal, { longestHoldMs: 300 });
    await expect(turn).rejects.toMatchObject({ code: 'MAIL_RATE_LIMITED' });
    expect(places).toEqual(['send', 'paused']);
    expect(await attemptsOf('placed')).toBe(0);
  });
});

it('a job that is stopped while it waits takes its claim back and says why it ended', async () => {
  const { deliveries } = world.database;
  const controller = new AbortController();
  const reason = new MillraceError('JOB_ABORTED', 'The worker is stopping.');
  const ledger = {
    ...deliveries,
    // Its place comes in a minute, and it is stopped once it has that.
    async claim(mail: MailClaim) {
      const claimed = await deliveries.claim(mail);
      if (claimed.outcome !== 'send') return claimed;
      setImmediate(() => controller.abort(reason));
      return { ...claimed, waitMs: 60_000 };
    },
  };
  const mail = { recipient: 'u@example.org', template: 't', provider: 'slow', jobKey: 'stopped' };
  await expect(awaitTurn(ledger, mail, controller.signal)).rejects.toBe(reason);
  expect(await attemptsOf('stopped')).toBe(0);
});
