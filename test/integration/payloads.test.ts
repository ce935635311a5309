import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type QueueDefinition, queueNames, queues } from '../../queues/index.ts';
import { type Backend, openBackend } from '../../src/backend/index.ts';
import { InvalidPayloadError, MillraceError } from '../../src/errors/catalogue.ts';
import { sameJson } from '../../src/queue/idempotency.ts';
import { parsePayload } from '../../src/queue/payload.ts';
import { QueueManager } from '../../src/queue/queue-manager.ts';
import { anyPayload, valid } from '../support/payloads.ts';
import { openPlatform, type Platform, until } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';
import { seedCalls } from '../types/seed-calls.ts';

const jobs = queueNames.flatMap((queue) => {
  const definition: QueueDefinition = queues[queue];
  return Object.entries(definition.jobs).map(([name, job]) => ({ queue, name, job }));
});

/** A refusal says which code and where, in a few words; anything else that is thrown is a defect. */
function expectRefusal(error: unknown): void {
  expect(error).toBeInstanceOf(MillraceError);
  if (!(error instanceof MillraceError)) return;
  expect(error.message.length).toBeLessThanOrEqual(2_000);
  if (error.code === 'TOO_LARGE') return;
  expect(error).toBeInstanceOf(InvalidPayloadError);
  expect(error.details?.length).toBeGreaterThan(0);
  for (const { path, message } of error.details ?? []) {
    expect(path).toMatch(/^(\(root\)|type|data)/);
    expect(message).not.toBe('');
  }
}

/** What the store keeps of a payload. */
function accept(...payload: Parameters<typeof parsePayload>): unknown {
  return parsePayload(...payload).payload;
}

describe('a thousand payloads of every kind', () => {
  test.each(jobs)('for $queue/$name are each accepted or refused with a path', ({ queue, name, job }) => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(anyPayload(job.payload), (payload) => {
        let parsed: unknown;
        try {
          parsed = accept(queue, name, job, payload);
        } catch (error) {
          refused++;
          return expectRefusal(error);
        }
        accepted++;
        // What a worker reads back is what was accepted: its defaults are filled in, and stay as they are.
        const stored: unknown = JSON.parse(JSON.stringify(parsed));
        expect(accept(queue, name, job, stored)).toEqual(stored);
      }),
      { numRuns: 1_000 },
    );
    // The payloads are of use only if both kinds came.
    expect(accepted).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });
});

describe('payloads on their way into the store', () => {
  let world: World;
  let backend: Backend;
  let platform: Platform;

  beforeAll(async () => {
    world = await createWorld();
    const { databaseUrl } = world;
    backend = await openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 4 });
    platform = await openPlatform({ backend });
  });
  afterAll(async () => {
    await platform.close();
    await world.close();
  });

  test.each(jobs)('for $queue/$name are stored as accepted, or refused', async ({ queue, name, job }) => {
    const { queues: manager } = platform;
    const before = (await manager.counts(queue)).waiting;
    const payloads = [...fc.sample(anyPayload(job.payload), 30), ...fc.sample(valid(job.payload), 3)];
    const ends = await Promise.allSettled(
      payloads.map((payload) => manager.addUntyped(queue, name, payload)),
    );
    let stored = 0;
    for (const [index, end] of ends.entries()) {
      if (end.status === 'rejected') {
        expectRefusal(end.reason);
        continue;
      }
      stored++;
      const view = await manager.job(queue, end.value.id);
      const wanted = accept(queue, name, job, payloads[index]);
      expect(sameJson(view?.payload, wanted)).toBe(true);
    }
    expect(stored).toBeGreaterThanOrEqual(3);
    expect((await manager.counts(queue)).waiting).toBe(before + stored);
  });

  test('are refused when not every store could keep them', async () => {
    const { queues: manager } = platform;
    const notification = (comment: string) => ({
      type: 'proposal-notification',
      data: {
        userId: 'user-1',
        email: 'ada@example.com',
        proposal: { id: 'p-1', title: 'Title', status: 'new' },
        event: 'comment',
        comment,
      },
    });
    const add = (comment: string) =>
      manager.addUntyped('email', 'send-proposal-notification', notification(comment));
    for (const comment of ['nul \0', 'half \ud83d', '\udc00']) {
      await expect(add(comment)).rejects.toMatchObject({
        code: 'INVALID_PAYLOAD',
        details: [{ path: 'data.comment' }],
      });
    }
    // What only looks like it is text like any other.
    for (const comment of ['\\u0000', 'a whole \u{1F600}', '\\\\ud83d', 'line\nbreak\ttab']) {
      const { id } = await add(comment);
      expect((await manager.job('email', id))?.payload).toMatchObject({ data: { comment } });
    }
    const filters = { 'nul \0': 'x' };
    await expect(
      manager.addUntyped('document', 'export-data', {
        type: 'export-data',
        data: { userId: 'user-1', dataset: 'stories', format: 'csv', filters },
      }),
    ).rejects.toMatchObject({ code: 'INVALID_PAYLOAD', details: [{ path: 'data.filters' }] });
  });

  test('are refused above 256 KiB, counted as they are written', async () => {
    const matrix = (text: string) =>
      platform.queues.addUntyped('document', 'generate-compliance-matrix', {
        type: 'compliance-matrix',
        data: { userId: 'user-1', opportunityId: 'o-1', text, format: 'pdf' },
      });
    await expect(matrix('€'.repeat(100_000))).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: expect.stringContaining('262144 are allowed. Store the data and send its id.'),
    });
    await expect(matrix('x'.repeat(190_000))).resolves.toMatchObject({ created: true });
  });

  test('with thousands of faults are refused in few words', async () => {
    const opportunities = Array.from({ length: 200 }, () => ({ ['k'.repeat(500)]: 1 }));
    const refusal = platform.queues.addUntyped('email', 'send-reminder', {
      type: 'opportunity-reminder',
      data: { userId: 'user-1', email: 'ada@example.com', opportunities },
    });
    await expect(refusal).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    await refusal.catch(expectRefusal);
    const unknown = platform.queues.addUntyped('q'.repeat(10_000), 'send-welcome', {});
    await expect(unknown).rejects.toSatisfy((error: Error) => error.message.length < 500);
    const unnamed = platform.queues.addUntyped('email', 'n'.repeat(10_000), {});
    await expect(unnamed).rejects.toSatisfy((error: Error) => error.message.length < 500);
  });

  test('of jobs that nothing does yet are refused with a clear error', async () => {
    const manager = new QueueManager({
      backend,
      pending: { document: ['convert-pdf'] },
      maxAttempts: 3,
      backoffMs: 1,
      onError: () => undefined,
    });
    await expect(manager.addUntyped('document', 'convert-pdf', {})).rejects.toMatchObject({
      code: 'JOB_UNAVAILABLE',
      message: 'document/convert-pdf is defined, but this version does not process it yet.',
    });
  });
});

test('the three calls that the platform was asked for by run as they stand', async () => {
  const world = await createWorld();
  const taken: Record<string, unknown> = {};
  const take =
    (result: object) =>
    async ({ job, data }: { readonly job: { readonly name: string }; readonly data: unknown }) => {
      taken[job.name] = data;
      return result;
    };
  const file = { documentId: 'd', fileName: 'f.pdf', contentType: 'application/pdf', bytes: 1 };
  const counts = { fetched: 0, inserted: 0, updated: 0, unchanged: 0, skipped: 0, requestsUsed: 0, pages: 0 };
  const platform = await openPlatform({
    backend: await openBackend({
      kind: 'postgres',
      redisUrl: undefined,
      databaseUrl: world.databaseUrl,
      workers: 4,
    }),
    processors: {
      email: { 'send-reminder': take({ status: 'sent', provider: 'test' }) },
      document: { 'generate-report': take({ ...file, sha256: '0'.repeat(64), storageKey: 'k' }) },
      sync: { 'sam-gov-sync': take({ ...counts, skippedReasons: {}, from: '2024-01-01', to: '2024-01-31' }) },
    },
  });
  try {
    const handles = await seedCalls(platform.queues);
    for (const { queue, id } of handles) {
      await until(`${queue}/${id} has completed`, async () => {
        const state = (await platform.queues.job(queue, id))?.state;
        if (state === 'failed') throw new Error((await platform.queues.job(queue, id))?.failure);
        return state === 'completed';
      });
    }
    expect(taken).toMatchObject({
      'send-reminder': { userId: 'user-123', opportunities: [{ title: 'Portable ultrasound systems' }] },
      'generate-report': { userId: 'user-123', reportType: 'analytics', format: 'pdf' },
      'sam-gov-sync': { fullSync: false, dateRange: { start: '2024-01-01', end: '2024-01-31' } },
    });
  } finally {
    await platform.close();
    await world.close();
  }
});
