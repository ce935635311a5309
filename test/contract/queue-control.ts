import { afterEach, describe, expect, test } from 'vitest';
import { queueNames, queues } from '../../queues/index.ts';
import { createActivityRecorder } from '../../src/maintenance/record-activity.ts';
import { ActivityCounter } from '../../src/observability/activity.ts';
import { QueueControl } from '../../src/queue/queue-control.ts';
import { openPlatform, type Platform, type PlatformOptions, until } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';
import type { BackendWorld } from './platform/open.ts';

const welcome = {
  type: 'welcome',
  data: { userId: 'user-1', email: 'ada@example.com', name: 'Ada' },
} as const;

/** The queues as a whole, whatever store is beneath the platform. */
export function queueControlSuite(kind: string, openStore: (world: World) => Promise<BackendWorld>): void {
  describe(`the queues as a whole on ${kind}`, () => {
    let world: World;
    let store: BackendWorld;
    let platform: Platform;
    let control: QueueControl;

    async function open(options: Omit<PlatformOptions, 'backend'> = {}): Promise<void> {
      world = await createWorld();
      store = await openStore(world);
      platform = await openPlatform({ backend: await store.open(), ...options });
      control = new QueueControl({ queues: platform.queues, activity: world.database.activity });
    }
    afterEach(async () => {
      await platform.close();
      await store.close();
      await world.close();
    });
    const add = (options = {}) => platform.queues.addJob('email', 'send-welcome', welcome, options);

    test('take no job while they are paused, and go on afterwards', async () => {
      const ran: string[] = [];
      await open({
        processors: {
          email: {
            'send-welcome': async ({ job }) => {
              ran.push(job.id);
              return { status: 'sent', provider: 'test' };
            },
          },
        },
      });
      expect(await control.pause('email')).toMatchObject({ name: 'email', paused: true });
      expect(await control.pause('email')).toMatchObject({ paused: true });
      const { id } = await add();
      // A job that another queue does in the meantime shows that the workers had their chance.
      const other = platform.next('job.dead_lettered', ({ queue }) => queue === 'sync');
      await platform.queues.addUntyped('sync', 'refresh-analytics', {
        type: 'refresh-analytics',
        data: {},
      });
      await other;
      expect(ran).toEqual([]);
      expect(await control.find('email')).toMatchObject({ paused: true, counts: { waiting: 1, active: 0 } });
      expect((await control.find('sync')).paused).toBe(false);
      const completed = platform.next('job.completed');
      expect(await control.resume('email')).toMatchObject({ paused: false });
      await completed;
      expect(ran).toEqual([id]);
    });

    test('are seen with counts, rates, times, dead letters and workers', async () => {
      await open();
      const { events } = platform;
      const report = (instance: string, roles: readonly string[]) => ({
        instance,
        roles,
        host: 'here',
        pid: 1,
        version: '1',
        startedAt: new Date(),
        memoryBytes: 1_000,
        active: { email: 1 },
      });
      const recorders = [
        createActivityRecorder({
          counter: new ActivityCounter(events),
          activity: world.database.activity,
          report: () => report('worker-1', ['worker']),
          onError: (error) => expect.unreachable(String(error)),
          intervalMs: 50,
        }),
        createActivityRecorder({
          counter: new ActivityCounter(platform.events),
          activity: world.database.activity,
          report: () => report('api-1', ['api']),
          onError: (error) => expect.unreachable(String(error)),
          intervalMs: 600_000,
        }),
      ];
      for (const recorder of recorders) await recorder.start();
      const workers = platform.openWorkers({
        email: {
          'send-welcome': async ({ data }) => {
            if (JSON.stringify(data).includes('broken')) throw new Error('broken');
            return { status: 'sent', provider: 'test' };
          },
        },
      });
      await workers.start();
      for (let n = 0; n < 5; n++) await add();
      await add({ delay: 600_000 });
      const broken = { ...welcome, data: { ...welcome.data, name: 'broken' } };
      await platform.queues.addJob('email', 'send-welcome', broken, { attempts: 1 });
      await until('all have ended', async () => {
        const { completed, failed } = await platform.queues.counts('email');
        return completed + failed === 6;
      });
      await recorders[0]?.stop();
      const view = await control.find('email');
      expect(view).toMatchObject({
        name: 'email',
        summary: queues.email.summary,
        paused: false,
        counts: { waiting: 0, active: 0, delayed: 1, completed: 5, failed: 1 },
        deadLetters: 1,
        oldestWaitingSeconds: 0,
        waitSeconds: { p50: expect.any(Number), p95: expect.any(Number) },
        durationSeconds: { p50: expect.any(Number), p95: expect.any(Number) },
      });
      // Five in the last five to six minutes.
      expect(view.perMinute.completed).toBeGreaterThan(0.8);
      expect(view.perMinute.completed).toBeLessThanOrEqual(1);
      // The worker has stopped in order; the other process is none.
      expect(view.workers).toEqual([]);
      await recorders[0]?.start();
      expect((await control.find('email')).workers).toMatchObject([
        { instance: 'worker-1', active: 1, memoryBytes: 1_000 },
      ]);
      expect((await control.list()).map(({ name }) => name)).toEqual(queueNames);
      const until1 = new Date(Date.now() + 60_000);
      const steps = await control.activity('email', new Date(Date.now() - 600_000), until1);
      expect(steps.reduce((sum, { completed }) => sum + completed, 0)).toBe(5);
      for (const recorder of recorders) await recorder.stop();
    });

    test('are known by their names alone', async () => {
      await open();
      for (const deed of ['find', 'pause', 'resume'] as const) {
        await expect(control[deed]('email-dead-letter')).rejects.toMatchObject({ code: 'UNKNOWN_QUEUE' });
      }
    });
  });
}
