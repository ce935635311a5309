import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logConnections } from '../../src/observability/connection-log.ts';
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
      single: 5,
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

describe('what the connections of queues complain of', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is a line for each queue and kind, and a count for the rest of half a minute', () => {
    const lines: unknown[] = [];
    const log = pino(
      { base: null, timestamp: false },
      { write: (line: string) => void lines.push(JSON.parse(line)) },
    );
    const said = logConnections(log, 'worker connection');
    const away = (message: string, code: string) => Object.assign(new Error(message), { code });
    for (let at = 0; at < 300; at++) {
      said('email', away('the database system is starting up', '57P03'));
      said('sync', away('not yet accepting connections', '57P03'));
    }
    said('email', away('connection refused', 'ECONNREFUSED'));
    expect(lines).toMatchObject([
      { queue: 'email', err: { code: '57P03' }, msg: 'worker connection' },
      { queue: 'sync', err: { code: '57P03' }, msg: 'worker connection' },
      { queue: 'email', err: { code: 'ECONNREFUSED' }, msg: 'worker connection' },
    ]);
    vi.advanceTimersByTime(30_000);
    expect(lines).toHaveLength(5);
    expect(lines.slice(3)).toMatchObject([
      {
        queue: 'email',
        times: 299,
        last: 'the database system is starting up',
        msg: 'worker connection, again',
      },
      { queue: 'sync', times: 299, last: 'not yet accepting connections', msg: 'worker connection, again' },
    ]);
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
