import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ActivityCounter, bucketBounds, quantile } from '../../src/observability/activity.ts';
import { Events } from '../../src/observability/events.ts';

const job = { queue: 'email', job: 'send-welcome', jobId: '1', correlationId: 'c', attempt: 1 };
const failure = { code: 'UNKNOWN', message: 'no', stack: undefined } as const;

function counting() {
  let now = 60_000;
  const events = new Events();
  const counter = new ActivityCounter(events, () => now);
  return {
    events,
    counter,
    to: (ms: number) => {
      now = ms;
    },
  };
}

describe('the activity of a process', () => {
  test('is counted by queue and minute, with how long jobs waited and ran', () => {
    const { events, counter, to } = counting();
    events.emit('job.started', { ...job, waitSeconds: 0.001 });
    events.emit('job.completed', { ...job, seconds: 0.3 });
    events.emit('job.retried', { ...job, seconds: 0.3, failure });
    events.emit('job.started', { ...job, queue: 'sync', waitSeconds: 1_000_000 });
    to(119_999);
    events.emit('job.dead_lettered', { ...job, seconds: 2, failure, deadLetterId: 'x' });
    to(120_000);
    events.emit('job.cancelled', { ...job, seconds: 0 });
    events.emit('job.cancelled', { ...job, seconds: 2 });
    const minutes = counter.drain();
    expect(minutes).toMatchObject([
      { queue: 'email', minute: new Date(60_000), completed: 1, retried: 1, failed: 1, cancelled: 0 },
      { queue: 'sync', minute: new Date(60_000), completed: 0 },
      { queue: 'email', minute: new Date(120_000), completed: 0, cancelled: 2 },
    ]);
    const sum = (buckets: readonly number[] = []) => buckets.reduce((a, b) => a + b, 0);
    expect(minutes.map(({ waits }) => sum(waits))).toEqual([1, 1, 0]);
    // A job that was taken out of its queue ran for no time at all.
    expect(minutes.map(({ durations }) => sum(durations))).toEqual([3, 0, 1]);
    expect(minutes[0]?.waits[0]).toBe(1);
    expect(minutes[1]?.waits.at(-1)).toBe(1);
    expect(counter.drain()).toEqual([]);
  });

  test('is not lost when it could not be written', () => {
    const { events, counter } = counting();
    events.emit('job.completed', { ...job, seconds: 0.3 });
    const lost = counter.drain();
    events.emit('job.completed', { ...job, seconds: 0.3 });
    events.emit('job.completed', { ...job, queue: 'sync', seconds: 0.3 });
    counter.restore(lost);
    expect(counter.drain()).toMatchObject([
      { queue: 'email', completed: 2 },
      { queue: 'sync', completed: 1 },
    ]);
    counter.restore(lost);
    expect(counter.drain()).toEqual(lost);
  });
});

describe('a quantile of buckets', () => {
  test('lies in the bucket in which the exact one lies', () => {
    const times = fc.array(fc.double({ min: 0, max: 80_000, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(times, fc.constantFrom(0.5, 0.95, 1), (seconds, share) => {
        const events = new Events();
        const counter = new ActivityCounter(events);
        for (const waitSeconds of seconds) events.emit('job.started', { ...job, waitSeconds });
        const minutes = counter.drain();
        const buckets = bucketBounds.map((_bound, index) =>
          minutes.reduce((sum, { waits }) => sum + (waits[index] ?? 0), 0),
        );
        const exact = [...seconds].sort((a, b) => a - b)[Math.ceil(share * seconds.length) - 1] ?? 0;
        const upper = bucketBounds.find((bound) => exact <= bound) ?? Number.POSITIVE_INFINITY;
        const lower = bucketBounds.findLast((bound) => bound < upper) ?? 0;
        const found = quantile(buckets, share);
        expect(found).toBeGreaterThanOrEqual(lower);
        expect(found).toBeLessThanOrEqual(upper);
      }),
    );
  });

  test('of nothing is none, and of what is longer than all bounds is the last of them', () => {
    expect(quantile([], 0.5)).toBeUndefined();
    expect(quantile([0, 0], 0.5)).toBeUndefined();
    const longest = [...bucketBounds.map(() => 0), 3];
    expect(quantile(longest, 0.5)).toBe(bucketBounds.at(-1));
  });
});
