import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schedules } from '../../config/index.ts';
import { runDue } from '../../schedulers/run-due.ts';
import { openBackend } from '../../src/backend/index.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { readMail } from '../support/mail-message.ts';
import { type MillraceProcess, startMillrace } from '../support/millrace-process.ts';
import { openPlatform, type Platform, until } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';
import { readPdf } from './report-files.ts';

/** Monday's report, from the tick of its schedule to what a subscriber does with the mail. */

const dayMs = 24 * 3_600_000;
const appUrl = 'https://app.millrace.example';
const subscriber = { id: 'u-1', email: 'ada@example.org', name: 'Ada', company: undefined };

let world: World;
let platform: Platform;
let millrace: MillraceProcess;
let addedAt: Date;

beforeAll(async () => {
  world = await createWorld();
  const { databaseUrl } = world;
  const backend = await openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 0 });
  platform = await openPlatform({ backend });
  await world.database.users.upsert([subscriber]);
  await world.database.users.subscribeToReports([subscriber.id], true);
  millrace = await startMillrace({
    DATABASE_URL: databaseUrl,
    DATA_DIR: world.dataDir,
    QUEUE_BACKEND: 'postgres',
    ROLE: 'api,worker',
    NODE_ENV: 'test',
    APP_URL: appUrl,
    EMAIL_PROVIDER: 'outbox',
    JWT_SECRET: 'a secret of tests that has more than 32 bytes',
  });
}, 120_000);
afterAll(async () => {
  await millrace?.kill('SIGKILL');
  await platform?.close();
  await world?.close();
});

/** A scheduler starts before eight o'clock on a Monday, and its clock is moved past it. */
async function tick(): Promise<void> {
  let clock = Date.parse('2026-06-01T07:45:00Z');
  const schedule = schedules.find(({ name }) => name === 'weekly-reports');
  if (schedule === undefined) throw new Error('There is no schedule of weekly reports.');
  const dependencies = {
    ticks: world.database.ticks,
    enqueue: async (_schedule: unknown, _tickAt: Date, key: string) => {
      const { queue, job, payload } = schedule;
      const { id } = await platform.queues.addUntyped(queue, job, payload, { idempotencyKey: key });
      addedAt = (await platform.queues.job(queue, id))?.createdAt ?? new Date(0);
      return id;
    },
    events: platform.events,
    log: silentLogger(),
    clock: () => clock,
    owner: 'test',
    timeZone: 'UTC',
  };
  await runDue(dependencies, schedule, { atStart: true, takeOver: true });
  clock = Date.parse('2026-06-01T08:00:00.500Z');
  await runDue(dependencies, schedule, { atStart: false, takeOver: true });
  expect(await platform.queues.counts('document')).not.toMatchObject({ waiting: 0, active: 0, completed: 0 });
}

/** The only mail that is there, once it is. */
async function theMail() {
  const outbox = join(world.dataDir, 'outbox');
  const mails = async () =>
    (await readdir(outbox).catch(() => [])).filter((name) => name.endsWith('.eml') && !name.startsWith('.'));
  await until('the report is mailed', async () => (await mails()).length > 0, 90_000);
  const [file = '', ...others] = await mails();
  expect(others).toEqual([]);
  return readMail(await readFile(join(outbox, file)));
}

/** Follows a link of the application as a browser would, to where it listens here. */
function follow(link: string, init?: RequestInit): Promise<Response> {
  expect(link.startsWith(`${appUrl}/`)).toBe(true);
  return fetch(millrace.url + link.slice(appUrl.length), init);
}

describe("Monday's report", () => {
  it('reaches its subscriber as a mail, whose link gives the PDF of the week before', async () => {
    await tick();
    const mail = await theMail();
    expect(mail.headers.get('to')).toEqual([expect.stringContaining(subscriber.email)]);
    const text = mail.parts.get('text/plain') ?? '';
    const links = text.match(/https:\/\/\S+/g) ?? [];
    const link = links.find((found) => !found.includes('/unsubscribe/')) ?? '';
    const answer = await follow(link);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/pdf');
    const pdf = await readPdf(Buffer.from(await answer.arrayBuffer()));
    const sinceMonday = ((addedAt.getUTCDay() + 6) % 7) * dayMs;
    const day = (offset: number) =>
      new Date(addedAt.getTime() - sinceMonday + offset * dayMs).toISOString().slice(0, 10);
    expect(answer.headers.get('content-disposition')).toContain(`${day(-7)}-to-${day(-1)}.pdf`);
    expect(JSON.stringify(pdf)).toContain('Weekly report');
    // The link in the HTML is the same one, and one that was changed gives nothing.
    expect((mail.parts.get('text/html') ?? '').replaceAll('&amp;', '&')).toContain(link);
    expect((await follow(`${link}x`)).status).toBeGreaterThanOrEqual(400);
  }, 120_000);

  it('is ended by the one click of a mail program, without cookie or sign-in (RFC 8058)', async () => {
    const mail = await theMail();
    expect(mail.headers.get('list-unsubscribe-post')).toEqual(['List-Unsubscribe=One-Click']);
    const address = /^<(https:[^>]+)>$/.exec(mail.headers.get('list-unsubscribe')?.[0] ?? '')?.[1] ?? '';
    const refused = async () => {
      const { rows } = await world.pool.query<{ reason: string | null }>(
        "select mail_refusal($1, $2, 'documents') as reason",
        [subscriber.email, subscriber.id],
      );
      return rows[0]?.reason;
    };
    // Scanners follow links: looking ends nothing.
    expect((await follow(address)).status).toBe(200);
    expect(await refused()).toBeNull();
    const click = { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) };
    for (let times = 0; times < 2; times += 1) expect((await follow(address, click)).status).toBe(200);
    expect(await refused()).toBe('unsubscribed');
  });
});
