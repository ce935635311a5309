import { describe, expect, test } from 'vitest';
import type { Service } from '../../src/lifecycle/service.ts';
import { createServiceGroup } from '../../src/lifecycle/service-group.ts';

/** Services that write down what happens to them; the named ones fail, or wait for their gate. */
function record(
  options: { failStart?: string; failStop?: string; gates?: Record<string, Promise<void>> } = {},
) {
  const events: string[] = [];
  const errors: string[] = [];
  const service = (name: string): Service => ({
    name,
    async start() {
      events.push(`start ${name}`);
      await options.gates?.[name];
      if (name === options.failStart) throw new Error(`${name} does not start`);
    },
    async stop() {
      events.push(`stop ${name}`);
      if (name === options.failStop) throw new Error(`${name} does not stop`);
    },
  });
  const group = createServiceGroup({
    services: ['a', 'b', 'c'].map(service),
    onError: (name, error) => errors.push(`${name}: ${String(error)}`),
  });
  return { group, events, errors };
}

const forwards = ['start a', 'start b', 'start c'];
const backwards = ['stop c', 'stop b', 'stop a'];

describe('a group of services', () => {
  test('starts in order and stops in reverse, once, however often it is asked', async () => {
    const { group, events } = record();
    await Promise.all([group.start(), group.start()]);
    expect(events).toEqual(forwards);
    await group.start();
    await Promise.all([group.stop(), group.stop()]);
    await group.stop();
    expect(events).toEqual([...forwards, ...backwards]);
  });

  test('has started only when all of it has, for whoever asks second too', async () => {
    const gate = Promise.withResolvers<void>();
    const { group, events } = record({ gates: { b: gate.promise } });
    void group.start();
    const second = group.start().then(() => events.push('told'));
    gate.resolve();
    await second;
    expect(events).toEqual([...forwards, 'told']);
  });

  test('stops what had started when one does not start, and says why', async () => {
    const { group, events } = record({ failStart: 'b' });
    await expect(group.start()).rejects.toThrow('b does not start');
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a']);
    await group.stop();
    expect(events).toHaveLength(4);
  });

  test('stops the others when one does not stop, and reports it', async () => {
    const { group, events, errors } = record({ failStop: 'b' });
    await group.start();
    await group.stop();
    expect(events).toEqual([...forwards, ...backwards]);
    expect(errors).toEqual(['b: Error: b does not stop']);
  });

  test('starts nothing more once it was told to stop in the middle of a start', async () => {
    const gate = Promise.withResolvers<void>();
    const { group, events } = record({ gates: { b: gate.promise } });
    const starting = group.start();
    while (!events.includes('start b')) await Promise.resolve();
    await group.stop();
    gate.resolve();
    await starting;
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('does nothing when it is stopped without having been started', async () => {
    const { group, events } = record();
    await group.stop();
    expect(events).toEqual([]);
  });
});
