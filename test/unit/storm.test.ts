import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JobTrails } from '../../src/observability/job-trails.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { Storm } from '../../src/observability/storm.ts';

describe('a storm of one cause', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const open = () => {
    const told: string[] = [];
    const storm = new Storm<string>({
      windowMs: 1_000,
      tell: (event) => told.push(event),
      tellCount: (latest, held) => told.push(`${held} until ${latest}`),
    });
    return { storm, told };
  };

  it('lets five through and counts the rest of its window', () => {
    const { storm, told } = open();
    for (let at = 1; at <= 8; at++) storm.add('a', `a${at}`);
    storm.add('b', 'b1');
    expect(told).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'b1']);
    vi.advanceTimersByTime(1_000);
    expect(told.slice(6)).toEqual(['3 until a8']);
    storm.add('a', 'a9');
    expect(told.at(-1)).toBe('a9');
  });

  it('holds nothing back for good: the end tells it', () => {
    const { storm, told } = open();
    for (let at = 1; at <= 6; at++) storm.add('a', `a${at}`);
    storm.flush();
    expect(told.at(-1)).toBe('1 until a6');
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(6);
  });
});

describe('what jobs have logged', () => {
  const logOf = (trails: JobTrails, jobId: string) =>
    trails.beside(silentLogger(), { queue: 'email', jobId });

  it('is kept up to thirty lines of a job, and forgotten once taken', () => {
    const trails = new JobTrails();
    const log = logOf(trails, '1');
    for (let at = 1; at <= 40; at++) log.info({}, `line ${at}`);
    const lines = trails.take('email', '1').map(({ message }) => message);
    expect(lines).toHaveLength(30);
    expect(lines[0]).toBe('line 11');
    expect(trails.take('email', '1')).toEqual([]);
  });

  it('is forgotten for the jobs that were silent the longest', () => {
    const trails = new JobTrails();
    for (let at = 0; at < 1_000; at++) logOf(trails, `${at}`).info({}, 'hello');
    logOf(trails, '0').info({}, 'still here');
    logOf(trails, 'new').info({}, 'hello');
    expect(trails.take('email', '0')).toHaveLength(2);
    expect(trails.take('email', '1')).toEqual([]);
    expect(trails.take('email', '2')).toHaveLength(1);
  });
});
