import { describe, expect, test } from 'vitest';
import type { JobLog } from '../../src/worker/context.ts';
import { JobLines } from '../../src/worker/job-lines.ts';

const nothing = (_fields: object, _message: string) => undefined;
const silent: JobLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Lines with their time cut off. */
async function linesOf(write: (log: JobLog) => void, keep: () => Promise<unknown> = async () => undefined) {
  const kept: string[] = [];
  const lines = new JobLines(async (line) => {
    kept.push(line.replace(/^\d{4}-\S+Z /, ''));
    await keep();
  });
  write(lines.beside(silent));
  await lines.close();
  return kept;
}

describe('the lines that are kept with a job', () => {
  test('stand in the order of logging, whatever a write takes', async () => {
    const gate = Promise.withResolvers<void>();
    const kept = linesOf(
      (log) => {
        for (const n of [1, 2, 3]) log.info({ n }, 'step');
      },
      () => gate.promise,
    );
    gate.resolve();
    expect(await kept).toEqual(['info step {"n":1}', 'info step {"n":2}', 'info step {"n":3}']);
  });

  test('are counted where they come faster than they can be written', async () => {
    const kept = await linesOf((log) => {
      for (let n = 0; n < 5_000; n++) log.warn({ n }, 'again');
    });
    // One is being written while a hundred wait.
    expect(kept).toHaveLength(102);
    expect(kept.at(-1)).toBe("warn 4899 lines came too fast to be kept here; the process's log has them");
  });

  test('go on after one that could not be kept', async () => {
    const kept = await linesOf(
      (log) => {
        log.info({}, 'one');
        log.info({}, 'two');
      },
      () => Promise.reject(new Error('the store is away')),
    );
    expect(kept).toEqual(['info one', 'info two']);
  });

  test('hold no secret field, no NUL, nothing endless, and not what refers to itself', async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const kept = await linesOf((log) => {
      log.info({ headers: { authorization: 'Bearer x', accept: 'y' }, html: '<p>' }, 'asked\0');
      log.info({ big: 10n, text: 'x'.repeat(9_000) }, 'much');
      log.info(circle, 'round');
    });
    expect(kept[0]).toBe('info asked {"headers":{"accept":"y"}}');
    expect(kept[1]).toMatch(/^info much \{"big":"10","text":"x+…$/);
    expect(kept[1]?.length).toBeLessThan(2_001);
    expect(kept[2]).toBe('info round ');
  });

  test('are kept no more once the job has ended', async () => {
    const kept: string[] = [];
    const lines = new JobLines(async (line) => kept.push(line));
    const log = lines.beside(silent);
    await lines.close();
    log.info({}, 'too late');
    await lines.close();
    expect(kept).toEqual([]);
  });
});
