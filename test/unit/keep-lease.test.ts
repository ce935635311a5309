import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepLease } from '../../processors/document/conversion/keep-lease.ts';
import { MillraceError } from '../../src/errors/catalogue.ts';
import type { Conversions } from '../../src/integrations/database/port.ts';

const run = { id: 'c-1', token: 'run-1' };
const seconds = 30;

describe('the lease of a conversion', () => {
  const renewRun = vi.fn<Conversions['renewRun']>();
  const stopping = new AbortController();
  const keep = () => keepLease({ renewRun }, run, seconds, stopping.signal);

  beforeEach(() => {
    vi.useFakeTimers();
    renewRun.mockReset().mockResolvedValue(true);
  });
  afterEach(() => void vi.useRealTimers());

  it('is renewed three times in its length until it is ended', async () => {
    const lease = keep();
    await vi.advanceTimersByTimeAsync(seconds * 1_000);
    expect(renewRun.mock.calls).toEqual([1, 2, 3].map(() => [run, seconds]));
    expect(lease.signal.aborted).toBe(false);
    lease.end();
    await vi.advanceTimersByTimeAsync(seconds * 1_000);
    expect(renewRun).toHaveBeenCalledTimes(3);
  });

  it('stops the work when it is another’s by now', async () => {
    const lease = keep();
    renewRun.mockResolvedValue(false);
    await vi.advanceTimersByTimeAsync(seconds * 1_000);
    lease.end();
    expect(lease.lost()).toBe(true);
    expect(lease.signal.reason).toMatchObject({ code: 'JOB_ABORTED' });
  });

  it('lets the work go on while the database is away, and is not asked for twice at once', async () => {
    const lease = keep();
    const answer = Promise.withResolvers<boolean>();
    renewRun.mockReturnValue(answer.promise);
    await vi.advanceTimersByTimeAsync(seconds * 1_000);
    expect(renewRun).toHaveBeenCalledTimes(1);
    answer.reject(new MillraceError('DATABASE_UNAVAILABLE', 'It is away.'));
    await vi.advanceTimersByTimeAsync(seconds * 1_000);
    lease.end();
    expect(renewRun.mock.calls.length).toBeGreaterThan(1);
    expect(lease.lost()).toBe(false);
    expect(lease.signal.aborted).toBe(false);
  });
});
