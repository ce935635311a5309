import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAlertMail } from '../../src/integrations/alerts/mail.ts';
import { createAlertWebhook } from '../../src/integrations/alerts/webhook.ts';
import { createOutbox } from '../../src/integrations/mail/outbox.ts';
import { type AlertSources, createAlertWatch } from '../../src/maintenance/watch-alerts.ts';
import { createWorld, type World } from '../support/world.ts';

interface Hook {
  readonly url: string;
  readonly bodies: unknown[];
  answer: number;
  close(): Promise<void>;
}

async function startHook(): Promise<Hook> {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      if (hook.answer === 200) bodies.push(JSON.parse(text));
      response.writeHead(hook.answer, { Location: 'http://127.0.0.1:9/' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  const hook: Hook = {
    url: `http://127.0.0.1:${address.port}/hook`,
    bodies,
    answer: 200,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
  return hook;
}

describe('the alert watch', () => {
  let world: World;
  let hook: Hook;
  let now: number;
  let letterAt: number | undefined;
  let missed: Date | undefined;
  let errors: unknown[];

  beforeEach(async () => {
    [world, hook] = await Promise.all([createWorld(), startHook()]);
    now = Date.parse('2026-06-01T12:00:00Z');
    letterAt = undefined;
    missed = undefined;
    errors = [];
  });
  afterEach(async () => {
    await hook.close();
    await world.close();
  });

  const sources: AlertSources = {
    queues: ['email'],
    now: () => now,
    latestDeadLetter: async () =>
      letterAt === undefined ? undefined : { at: letterAt, job: 'send-welcome' },
    missedTicks: async () => (missed === undefined ? [] : [{ schedule: 'data-cleanup', tickAt: missed }]),
    workers: async () => 1,
    oldestWaitingSeconds: async () => 0,
  };
  const watch = (overrides: Partial<AlertSources> = {}) =>
    createAlertWatch({
      sources: { ...sources, ...overrides },
      ledger: world.database.alerts,
      channels: [
        createAlertWebhook(hook.url, 'millrace'),
        createAlertMail(
          createOutbox({ dir: join(world.dataDir, 'outbox'), from: 'noreply@example.com' }),
          'ops@example.com',
          'millrace',
          'http://millrace.example',
        ),
      ],
      onError: (error) => errors.push(error),
    });

  it('says once over many processes that dead letters arrive, and once that it is over', async () => {
    const processes = [watch(), watch(), watch()];
    const lookAll = () => Promise.all(processes.map((look) => look()));
    letterAt = now;
    await lookAll();
    await lookAll();
    expect(hook.bodies).toEqual([
      expect.objectContaining({
        text: '[millrace] Dead letters arrive in email, the latest of send-welcome.',
        event: 'alert.raised',
        alert: expect.objectContaining({ kind: 'dead-letters', subject: 'email' }),
      }),
    ]);
    now += 16 * 60_000;
    await lookAll();
    await lookAll();
    expect(hook.bodies.slice(1)).toEqual([expect.objectContaining({ event: 'alert.resolved' })]);
    const mails = await readdir(join(world.dataDir, 'outbox'));
    expect(mails).toHaveLength(2);
    const texts = await Promise.all(
      mails.map((name) => readFile(join(world.dataDir, 'outbox', name), 'utf8')),
    );
    expect(texts.join()).toContain('Subject: [millrace] Dead letters arrive in email');
    expect(texts.join()).toContain('Subject: [millrace] Well again:');
    expect(errors).toEqual([]);
  });

  it('tries a channel again that did not take a notice, and follows no redirect', async () => {
    missed = new Date('2026-06-01T02:00:00Z');
    for (const answer of [500, 302, 404]) {
      hook.answer = answer;
      await watch()();
      expect(String(errors.at(-1))).toContain(`answered ${answer}`);
      await world.pool.query('update alert_notices set claimed_until = now()');
    }
    expect(String(errors)).not.toContain('/hook');
    hook.answer = 200;
    await watch()();
    await watch()();
    expect(hook.bodies).toHaveLength(1);
    expect(hook.bodies[0]).toMatchObject({
      text: '[millrace] Schedule data-cleanup has not ticked at 2026-06-01T02:00:00.000Z.',
    });
  });

  it('goes on with the other looks when one fails, and takes its alerts back for nothing', async () => {
    letterAt = now;
    await watch()();
    missed = new Date('2026-06-01T02:00:00Z');
    const away = async () => {
      throw new Error('The store is away.');
    };
    await watch({ latestDeadLetter: away })();
    expect(hook.bodies.map((body) => Object(body).event)).toEqual(['alert.raised', 'alert.raised']);
    expect(String(errors)).toContain('The store is away.');
  });
});
