import { expect, test } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { reach } from '../../src/queue/reach.ts';

const coded = (code: string) => Object.assign(new Error('a failure'), { code });
const there = { ping: async () => 1 };
const away = { ping: () => Promise.reject(coded('ECONNREFUSED')) };

const asked = (error: unknown, store: typeof there = there) => reach(store, () => Promise.reject(error));

test.each([
  new Error('Query read timeout'),
  new Error('Connection terminated unexpectedly'),
  new Error('Command timed out'),
  new Error('Connection is closed.'),
  new Error('Reached the max retries per request limit (which is 1).'),
  coded('ECONNRESET'),
])('nobody knows what became of work whose answer was lost: %s', async (error) => {
  const message = expect.stringContaining('with the same idempotency key');
  for (const store of [there, away])
    await expect(asked(error, store)).rejects.toMatchObject({
      code: 'REQUEST_TIMEOUT',
      status: 503,
      message,
    });
});

test.each([
  new Error('timeout exceeded when trying to connect'),
  new Error('Connection terminated due to connection timeout'),
  new Error("Stream isn't writeable and enableOfflineQueue options is false"),
  coded('ECONNREFUSED'),
])('nothing was accepted when the store had not heard of it: %s', async (error) => {
  await expect(asked(error)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', status: 503 });
});

test.each([
  coded('53100'),
  coded('53200'),
  new Error("OOM command not allowed when used memory > 'maxmemory'."),
  new Error(
    'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.',
  ),
])('a store without room says so, and nothing was accepted: %s', async (error) => {
  await expect(asked(error)).rejects.toMatchObject({
    code: 'QUEUE_UNAVAILABLE',
    message: expect.stringContaining('has no room left'),
  });
});

test.each([
  coded('23505'),
  Object.assign(coded('57014'), { message: 'Query read timeout' }),
  new Error('Missing lock for job 7. moveToFinished'),
  new MillraceError('DEAD_LETTER_BUSY', 'Later.'),
  'no error at all',
])('what the store itself says is passed on: %s', async (error) => {
  await expect(asked(error)).rejects.toBe(error);
});

test('what the store says while it goes away is its absence', async () => {
  const shutdown = coded('57P01');
  await expect(asked(shutdown)).rejects.toBe(shutdown);
  await expect(asked(shutdown, away)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', cause: shutdown });
});
