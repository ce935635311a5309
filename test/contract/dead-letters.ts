import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Service } from '../../src/lifecycle/service.ts';
import { createTakeIn } from '../../src/maintenance/take-in-dead-letters.ts';
import { createWorkOff } from '../../src/maintenance/work-off-dead-letters.ts';
import { DeadLetterControl } from '../../src/queue/dead-letter-control.ts';
import { deadLetterQueueOf } from '../../src/queue/dead-letters.ts';
import { JobControl } from '../../src/queue/job-control.ts';
import { openPlatform, type Platform, until } from '../support/platform.ts';
import { textAt } from '../support/site.ts';
import { createWorld, type World } from '../support/world.ts';
import type { BackendWorld } from './platform/open.ts';

const welcome = (name: string) => ({
  type: 'welcome' as const,
  data: { userId: 'user-1', email: 'ada@example.com', name },
});

/** What people do with dead letters, whatever store is beneath the platform. */
export function deadLetterSuite(kind: string, openStore: (world: World) => Promise<BackendWorld>): void {
  describe(`dead letters on ${kind}`, () => {
    let world: World;
    let store: BackendWorld;
    let platform: Platform;
    let control: DeadLetterControl;
    let jobs: JobControl;
    let services: Service[] = [];
    /** Names that were greeted, in order; those in `broken` fail. */
    let ran: string[];
    let broken: Set<string>;

    beforeAll(async () => {
      world = await createWorld();
      store = await openStore(world);
      platform = await openPlatform({
        backend: await store.open(),
        database: world.database,
        processors: {
          email: {
            'send-welcome': async ({ data }) => {
              const name = textAt(data, 'name');
              if (broken.has(name)) throw new Error(`Provider away for "${name}"`);
              ran.push(name);
              return { status: 'sent', provider: 'test' };
            },
          },
        },
      });
      const { queues, deadLetters: letters, events } = platform;
      control = new DeadLetterControl({ queues, letters, records: world.database.deadLetters });
      jobs = new JobControl({
        queues,
        events,
        cancellations: world.database.jobCancellations,
        deadLetters: control,
      });
    });
    beforeEach(() => {
      ran = [];
      broken = new Set();
    });
    afterEach(async () => {
      await Promise.all(services.map((service) => service.stop()));
      services = [];
      await world.pool.query('truncate dead_letters, dead_letter_causes, dead_letter_operations');
      for (const queue of ['email', 'sync']) {
        for (const { id } of await platform.deadLetters.list(queue))
          await platform.deadLetters.remove(queue, id);
      }
    });
    afterAll(async () => {
      await platform.close();
      await store.close();
      await world.close();
    });

    const work = (owner: string) => {
      const { operations } = world.database.deadLetters;
      const service = createWorkOff({ operations, control, owner, intervalMs: 20, onError: () => undefined });
      services.push(service);
      return service.start();
    };
    /** Lets a job die, and gives its id and that of its letter. */
    async function die(name: string, options = {}): Promise<{ id: string; letter: string }> {
      broken.add(name);
      const correlationId = `c-${name.replace(' ', '-')}`;
      // It may be dead before its id is told.
      const dead = platform.next('job.dead_lettered', (event) => event.correlationId === correlationId);
      const { id } = await platform.queues.addJob('email', 'send-welcome', welcome(name), {
        attempts: 1,
        correlationId,
        addedBy: 'ci',
        ...options,
      });
      const letter = (await dead).deadLetterId;
      await ends(id, 'failed');
      return { id, letter };
    }
    const ends = (id: string, state: string) =>
      until(`job ${id} is ${state}`, async () => (await jobs.find('email', id))?.state === state);
    const states = async () =>
      Object.fromEntries((await control.list({}, undefined, 100)).map(({ id, state }) => [id, state]));

    test('lets the job of a letter go again under its id, key and correlation id, with all its attempts', async () => {
      const { id, letter } = await die('ada', { attempts: 2 });
      expect(await control.find(letter)).toMatchObject({
        queue: 'email',
        job: 'send-welcome',
        jobId: id,
        message: 'Provider away for "[masked]"',
        attempts: 2,
        state: 'open',
        correlationId: 'c-ada',
        addedBy: 'ci',
        content: { payload: welcome('ada') },
      });
      expect(await platform.queues.counts(deadLetterQueueOf('email'))).toMatchObject({ waiting: 1 });
      // It dies once more, after as many attempts.
      const again = platform.next('job.dead_lettered');
      expect(await control.replay(letter, { by: 'ops' })).toEqual({ queue: 'email', id });
      const second = await again;
      expect(second).toMatchObject({ jobId: id, attempt: 2, correlationId: 'c-ada' });
      expect(second.deadLetterId).not.toBe(letter);
      await ends(id, 'failed');
      expect(await states()).toEqual({ [letter]: 'replayed', [second.deadLetterId]: 'open' });
      broken.clear();
      await control.replay(second.deadLetterId, { by: 'ops' });
      await ends(id, 'completed');
      expect(await jobs.find('email', id)).toMatchObject({
        correlationId: 'c-ada',
        addedBy: 'ci',
        replayOf: second.deadLetterId,
      });
      expect(ran).toEqual(['ada']);
      expect(await platform.queues.counts(deadLetterQueueOf('email'))).toMatchObject({ waiting: 0 });
    });

    test('runs an edited payload, and refuses one that does not fit', async () => {
      const { id, letter } = await die('ada');
      await expect(
        control.replay(letter, { by: 'ops', payload: { type: 'welcome', data: { name: 5 } } }),
      ).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
      expect((await control.find(letter)).state).toBe('open');
      await control.replay(letter, { by: 'ops', payload: welcome('grace') });
      await ends(id, 'completed');
      expect(ran).toEqual(['grace']);
    });

    test('runs a job once, however many press at once', async () => {
      const { id, letter } = await die('ada');
      broken.clear();
      const pressed = await Promise.allSettled([
        ...[1, 2, 3, 4].map(() => control.replay(letter, { by: 'ops' })),
        jobs.retry('email', id, 'another'),
        jobs.retry('email', id, 'another'),
      ]);
      expect(pressed.some(({ status }) => status === 'fulfilled')).toBe(true);
      await ends(id, 'completed');
      await expect(control.replay(letter, { by: 'ops' })).rejects.toMatchObject({
        code: 'DEAD_LETTER_CLOSED',
      });
      expect(ran).toEqual(['ada']);
      expect((await control.find(letter)).state).toBe('replayed');
    });

    test('leaves alone what somebody else is about to deal with', async () => {
      const { id, letter } = await die('ada');
      broken.clear();
      const records = world.database.deadLetters;
      expect(await records.claim(letter, 'another', 3_600)).toBe(true);
      const busy = { code: 'DEAD_LETTER_BUSY' };
      await expect(control.replay(letter, { by: 'ops' })).rejects.toMatchObject(busy);
      await expect(control.discard(letter, { by: 'ops', reason: 'not wanted' })).rejects.toMatchObject(busy);
      expect(await states()).toEqual({ [letter]: 'open' });
      expect(await jobs.find('email', id)).toMatchObject({ state: 'failed' });
      await records.release(letter, 'another');
      await control.replay(letter, { by: 'ops' });
      await ends(id, 'completed');
      expect(ran).toEqual(['ada']);
    });

    test('closes the letter of a job that is retried, also behind its back', async () => {
      const first = await die('ada');
      const second = await die('grace');
      broken.clear();
      await jobs.retry('email', first.id, 'ops');
      expect(await control.find(first.letter)).toMatchObject({ state: 'replayed', closedBy: 'ops' });
      await (await platform.queues.queue('email').getJob(second.id))?.retry('failed');
      await Promise.all([ends(first.id, 'completed'), ends(second.id, 'completed')]);
      await expect(control.replay(second.letter, { by: 'ops' })).rejects.toMatchObject({
        code: 'DEAD_LETTER_CLOSED',
      });
      expect(await control.find(second.letter)).toMatchObject({ state: 'replayed' });
      expect(ran.sort()).toEqual(['ada', 'grace']);
    });

    test('makes a new job where the queue has forgotten the old one, once', async () => {
      const { id, letter } = await die('ada');
      await platform.queues.queue('email').remove(id);
      broken.clear();
      const replayed = await control.replay(letter, { by: 'ops' });
      expect(replayed.id).not.toBe(id);
      await ends(replayed.id, 'completed');
      expect(await jobs.find('email', replayed.id)).toMatchObject({
        replayOf: letter,
        correlationId: 'c-ada',
        addedBy: 'ci',
      });
      // Whoever died between the queue and the records comes to the same job.
      await world.pool.query(`update dead_letters set state = 'open', closed_at = null`);
      expect(await control.replay(letter, { by: 'ops' })).toEqual(replayed);
      await world.pool.query(
        `update dead_letters set state = 'open', closed_at = null, claimed_by = 'dead', claimed_until = now() - interval '1 s'`,
      );
      await control.settle(letter);
      expect(await control.find(letter)).toMatchObject({ state: 'replayed', replayJob: replayed.id });
      expect(ran).toEqual(['ada']);
    });

    test('goes on where a process died between the queue and the records', async () => {
      const [done, begun] = [await die('ada'), await die('grace')];
      broken.clear();
      await control.replay(done.letter, { by: 'ops' });
      await ends(done.id, 'completed');
      // As if it had died before it closed the one, and before it let the job of the other go.
      const job = await platform.queues.queue('email').getJob(begun.id);
      await job?.updateData({
        ...job.data,
        meta: { ...job.data.meta, replay: { letter: begun.letter, at: 1, count: 1, after: job.finishedOn } },
      });
      await world.pool.query(
        `update dead_letters set state = 'open', closed_at = null, claimed_by = 'dead', claimed_until = now() - interval '1 s'`,
      );
      const { queues, deadLetters: letters } = platform;
      const { deadLetters: records } = world.database;
      await createTakeIn({ queues: ['email'], letters, records, control, clock: Date.now })();
      expect(await states()).toEqual({ [done.letter]: 'replayed', [begun.letter]: 'open' });
      await control.replay(begun.letter, { by: 'ops' });
      await ends(begun.id, 'completed');
      expect(ran).toEqual(['ada', 'grace']);
      expect(queues).toBeDefined();
    });

    test('does not replay before the failure is recorded', async () => {
      const gate = Promise.withResolvers<void>();
      const letters = platform.deadLetters;
      const put = platform.deadLetters.put.bind(platform.deadLetters);
      platform.deadLetters.put = async (...args) => {
        const written = await put(...args);
        await gate.promise;
        return written;
      };
      broken.add('ada');
      const { id } = await platform.queues.addJob('email', 'send-welcome', welcome('ada'), { attempts: 1 });
      await until('the letter is there', async () => (await letters.list('email')).length === 1);
      const [letter] = await letters.list('email');
      await until('it is listed', async () => (await control.list({}, undefined, 1)).length === 1);
      await expect(control.replay(letter?.id ?? '', { by: 'ops' })).rejects.toMatchObject({
        code: 'DEAD_LETTER_BUSY',
      });
      platform.deadLetters.put = put;
      gate.resolve();
      await ends(id, 'failed');
      broken.clear();
      await control.replay(letter?.id ?? '', { by: 'ops' });
      await ends(id, 'completed');
      expect(ran).toEqual(['ada']);
    });

    test('lists in the end what is in a queue of dead letters, and takes out of it what is closed', async () => {
      const letters = [await die('ada'), await die('grace')].map(({ letter }) => letter);
      await world.pool.query('truncate dead_letters');
      const known = platform.deadLetters;
      await known.takeIn('email');
      expect(await states()).toEqual({ [letters[0] ?? '']: 'open', [letters[1] ?? '']: 'open' });
      await world.pool.query(`update dead_letters set state = 'discarded' where id = $1`, [letters[0]]);
      await known.takeIn('email', 500);
      expect((await known.list('email')).map(({ id }) => id)).toEqual([letters[1]]);
    });

    test('replays all that fit at once, each once, by whatever process, and leaves the rest', async () => {
      const names = Array.from({ length: 12 }, (_, n) => `user ${n}`);
      const dead = await Promise.all(names.map((name) => die(name)));
      await platform.queues.addJob('sync', 'refresh-analytics', { type: 'refresh-analytics', data: {} });
      await until('the other is dead', async () => (await control.groups({}, 10)).length === 2);
      const [group] = await control.groups({ state: 'open' }, 10);
      expect(group).toMatchObject({ count: 12, message: 'Provider away for <text>', queue: 'email' });
      expect(await control.inBulk.preview({ queue: 'email' })).toMatchObject({
        total: 12,
        groups: [{ count: 12 }],
      });
      broken = new Set(['user 3']);
      await control.discard(dead[5]?.letter ?? '', { by: 'ops', reason: 'not wanted' });
      const wanted = {
        kind: 'replay',
        filter: { cause: group?.cause },
        perSecond: 100,
        reason: undefined,
        requestedBy: 'ops',
      } as const;
      const started = await Promise.all([
        control.inBulk.start(wanted, 'k'),
        control.inBulk.start(wanted, 'k'),
        control.inBulk.start(wanted),
      ]);
      expect(new Set(started.map(({ id }) => id)).size).toBe(2);
      await Promise.all([work('one'), work('two')]);
      const progress = () => Promise.all(started.map(({ id }) => control.inBulk.find('replay', id)));
      await until('all is done', async () => (await progress()).every(({ state }) => state === 'done'));
      const [first, , other] = await progress();
      expect((first?.done ?? 0) + (other?.done ?? 0)).toBe(11);
      await until('all have run', async () => ran.length === 10);
      expect(ran.sort()).toEqual(names.filter((name) => name !== 'user 3' && name !== 'user 5').sort());
      await ends(dead[3]?.id ?? '', 'failed');
      expect(await control.groups({ state: 'open' }, 10)).toMatchObject([{ count: 1 }, { count: 1 }]);
    });

    test('goes past what cannot be replayed, and counts it once', async () => {
      const dead = [await die('ada'), await die('grace'), await die('joan')];
      broken.clear();
      await world.pool.query(
        `update dead_letters set content = jsonb_set(content, '{payload,data}', '{}') where id = $1`,
        [dead[0]?.letter],
      );
      // One at a time.
      const wanted = {
        kind: 'replay',
        filter: {},
        perSecond: 10,
        reason: undefined,
        requestedBy: 'ops',
      } as const;
      const { id } = await control.inBulk.start(wanted);
      await work('one');
      const progress = () => control.inBulk.find('replay', id);
      await until('it has ended', async () => (await progress()).state === 'done');
      expect(await progress()).toMatchObject({ total: 3, done: 2, failed: 1 });
      await until('the others have run', async () => ran.length === 2);
      expect(ran.sort()).toEqual(['grace', 'joan']);
    });

    test('keeps its pace, stops when it is told to, and counts what cannot be replayed', async () => {
      const dead = [await die('ada'), await die('grace'), await die('joan')];
      broken.clear();
      await world.pool.query(
        `update dead_letters set content = jsonb_set(content, '{payload,data}', '{}') where id = $1`,
        [dead[0]?.letter],
      );
      const started = await control.inBulk.start({
        kind: 'replay',
        filter: { queue: 'email' },
        // So slow that the second is not tried before it is stopped.
        perSecond: 0.01,
        reason: undefined,
        requestedBy: 'ops',
      });
      await work('one');
      await until(
        'the first was tried',
        async () => (await control.inBulk.find('replay', started.id)).failed === 1,
      );
      const stopped = await control.inBulk.stop('replay', started.id);
      expect(stopped).toMatchObject({ state: 'stopped', total: 3, failed: 1 });
      expect(stopped.fault).toContain('INVALID_PAYLOAD');
      expect(ran).toEqual([]);
      const discarded = await control.inBulk.start({
        kind: 'discard',
        filter: { queue: 'email' },
        perSecond: 200,
        reason: 'of last night',
        requestedBy: 'ops',
      });
      await until('all are discarded', async () => {
        const { state } = await control.inBulk.find('discard', discarded.id);
        return state === 'done';
      });
      expect(await control.list({}, undefined, 10)).toMatchObject(
        [1, 2, 3].map(() => ({ state: 'discarded', reason: 'of last night', closedBy: 'ops' })),
      );
      expect(await platform.queues.counts(deadLetterQueueOf('email'))).toMatchObject({ waiting: 0 });
    });
  });
}
