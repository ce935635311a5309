import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { openContext } from '../../src/http/context.ts';
import { sendGridWebhook } from '../../src/http/routes/sendgrid-webhook.ts';

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** The route alone, with a clock that is set, and what it logs at `warn`. */
async function openRoute() {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const clock = { now: Date.UTC(2026, 10, 25) };
  const publicKey = ours.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  const deliveries = { recordEvents: async () => 0 };
  const app = express();
  app.use((request, _response, next) => {
    openContext(request, { correlationId: 'c', log });
    next();
  });
  app.use(sendGridWebhook({ deliveries, publicKey, clock: () => clock.now }));
  app.use(
    (error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
      response.status(error instanceof MillraceError ? 403 : 500).end();
    },
  );
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  const post = async (key: KeyObject | undefined) => {
    const timestamp = String(Math.floor(clock.now / 1_000));
    const response = await fetch(`http://127.0.0.1:${address.port}/`, {
      method: 'POST',
      body: '[]',
      headers: {
        'x-twilio-email-event-webhook-timestamp': timestamp,
        ...(key === undefined
          ? {}
          : {
              'x-twilio-email-event-webhook-signature': sign(
                'sha256',
                Buffer.from(`${timestamp}[]`),
                key,
              ).toString('base64'),
            }),
      },
    });
    return response.status;
  };
  return { lines, clock, post };
}

it('warns of signatures that do not fit, since a wrong key refuses every event, and not for each of them', async () => {
  const { lines, clock, post } = await openRoute();
  expect(await post(ours.privateKey)).toBe(204);
  expect(await post(undefined)).toBe(403);
  expect(lines).toEqual([]);
  for (let times = 0; times < 3; times += 1) expect(await post(other.privateKey)).toBe(403);
  expect(lines).toEqual([expect.stringContaining('SENDGRID_WEBHOOK_PUBLIC_KEY')]);
  clock.now += 10 * 60_000;
  expect(await post(other.privateKey)).toBe(403);
  expect(lines).toHaveLength(2);
});
