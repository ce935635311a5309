import { expect, test } from 'vitest';
import { until } from '../../support/platform.ts';
import { type OpenWorld, sent, usePlatform, welcome } from './open.ts';

/** What is checked when jobs are added, and which of them are one job. */
export function addingSuite(openWorld: OpenWorld): void {
  const used = usePlatform(openWorld);
  const { open } = used;

  test('refuses a wrong payload with the path of each field, and adds nothing', async () => {
    const { queues } = await open();
    const wrong = {
      type: 'welcome',
      data: { userId: 'user-1', email: 'no address', name: 'Ada\r\nBcc: x@example.com', extra: 1 },
    };
    await expect(queues.addUntyped('email', 'send-welcome', wrong)).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      details: expect.arrayContaining([
        expect.objectContaining({ path: 'data.email' }),
        expect.objectContaining({ path: 'data.name' }),
        expect.objectContaining({ path: 'data', message: expect.stringContaining('extra') }),
      ]),
    });
    expect((await queues.counts('email')).waiting).toBe(0);
  });

  test('names what there is when a queue or job is unknown', async () => {
    const { queues } = await open();
    await expect(queues.addUntyped('emial', 'send-welcome', welcome)).rejects.toMatchObject({
      code: 'UNKNOWN_QUEUE',
    });
    await expect(queues.addUntyped('email', 'constructor', welcome)).rejects.toMatchObject({
      code: 'UNKNOWN_JOB',
    });
  });

  test('adds a job once for one idempotency key, also when ten callers are at it together', async () => {
    const { queues } = await open();
    const add = () => queues.addJob('email', 'send-welcome', welcome, { idempotencyKey: 'order:17' });
    const handles = await Promise.all(Array.from({ length: 10 }, add));
    expect(new Set(handles.map((handle) => handle.id)).size).toBe(1);
    expect(handles.filter((handle) => handle.created)).toHaveLength(1);
    expect(new Set(handles.map((handle) => handle.correlationId)).size).toBe(1);
    expect((await queues.counts('email')).waiting).toBe(1);
    const other = { ...welcome, data: { ...welcome.data, name: 'Grace' } };
    await expect(
      queues.addJob('email', 'send-welcome', other, { idempotencyKey: 'order:17' }),
    ).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
  });

  test('keeps one job running and one waiting for an id to deduplicate by', async () => {
    const gate = Promise.withResolvers<void>();
    const names: unknown[] = [];
    const { queues, next } = await open({
      processors: {
        email: {
          'send-welcome': async ({ data }) => {
            names.push(data);
            if (names.length === 1) await gate.promise;
            return sent;
          },
        },
      },
    });
    const add = (name: string) =>
      queues.addJob(
        'email',
        'send-welcome',
        { ...welcome, data: { ...welcome.data, name } },
        { deduplicate: { id: 'ada' } },
      );
    const started = next('job.started');
    await add('first');
    await started;
    await add('second');
    await add('third');
    const last = next('job.completed', () => names.length === 2);
    gate.resolve();
    await last;
    expect(names).toMatchObject([{ name: 'first' }, { name: 'third' }]);
    expect(await queues.counts('email')).toMatchObject({ waiting: 0, delayed: 0 });
  });

  test('goes on deduplicating after a job of the same key has ended', async () => {
    const { queues, next } = await open({ processors: { email: { 'send-welcome': async () => sent } } });
    const keyed = { idempotencyKey: 'once', deduplicate: { id: 'ada' } };
    const completed = next('job.completed');
    const first = await queues.addJob('email', 'send-welcome', welcome, keyed);
    await completed;
    await until(
      'the first has ended',
      async () => (await queues.job('email', first.id))?.state === 'completed',
    );
    expect(await queues.addJob('email', 'send-welcome', welcome, keyed)).toMatchObject({
      id: first.id,
      created: false,
    });
    const again = next('job.completed');
    const second = await queues.addJob('email', 'send-welcome', welcome, { deduplicate: { id: 'ada' } });
    expect(await again).toMatchObject({ jobId: second.id });
    expect(second.id).not.toBe(first.id);
  });

  test('adds many or none', async () => {
    const { queues } = await open();
    const good = { name: 'send-welcome' as const, payload: welcome };
    const added = await queues.addJobs(
      'email',
      Array.from({ length: 250 }, () => good),
    );
    expect(new Set(added.map(({ id }) => id)).size).toBe(250);
    expect((await queues.counts('email')).waiting).toBe(250);
    const bad = { name: 'send-welcome', payload: { type: 'welcome', data: {} } };
    await expect(queues.addManyUntyped('email', [good, bad])).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
    });
    expect((await queues.counts('email')).waiting).toBe(250);
  });

  test('takes a hundred adds at once, each with an id of its own', async () => {
    const { queues } = await open();
    const handles = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        queues.addJob(
          'email',
          'send-welcome',
          { ...welcome, data: { ...welcome.data, name: `user ${index}` } },
          { correlationId: `c-${index}` },
        ),
      ),
    );
    expect(new Set(handles.map(({ id }) => id)).size).toBe(100);
    expect((await queues.counts('email')).waiting).toBe(100);
    const view = await queues.job('email', handles[42]?.id ?? '');
    expect(view).toMatchObject({ correlationId: 'c-42', payload: { data: { name: 'user 42' } } });
  });
}
