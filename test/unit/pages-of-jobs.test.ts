import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { List } from '../../src/maintenance/compare-with-job-index.ts';
import { jobsSince } from '../../src/maintenance/pages-of-jobs.ts';

interface Listed {
  readonly id: string;
  readonly timestamp: number;
  readonly finishedOn?: number;
}

/** A list of a queue, the oldest first, of which both ends move. */
class MovingList {
  jobs: Listed[] = [];
  #made = 0;

  grow(times: readonly number[], ended: boolean): void {
    for (const at of times) {
      this.#made += 1;
      this.jobs.push({ id: String(this.#made), timestamp: at, ...(ended ? { finishedOn: at } : {}) });
    }
  }

  async getJobs(_lists: unknown, from = 0, to = -1, oldestFirst = false): Promise<Listed[]> {
    const ordered = oldestFirst ? this.jobs : this.jobs.toReversed();
    return ordered.slice(from, to + 1);
  }

  async getJobCounts(list = ''): Promise<Record<string, number>> {
    return { [list]: this.jobs.length };
  }
}

async function read(list: List, since: number, moving: MovingList, meanwhile: (turn: number) => void) {
  const seen = new Set<string>();
  // What the reading needs of a queue, and no more.
  const pages = jobsSince(moving as never, list, since);
  for (let turn = 0; ; turn++) {
    const page = await pages.next();
    if (page.done === true) return { seen, whole: page.value };
    for (const { id } of page.value) seen.add(id ?? '');
    meanwhile(turn);
  }
}

const amounts = fc.array(fc.nat(700), { maxLength: 6 });

it('reads each job that ended since a time, though the queue forgets the oldest meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(2_000),
      fc.nat(2_000),
      fc.integer({ min: 1, max: 40 }),
      amounts,
      async (before, after, together, forgotten) => {
        const moving = new MovingList();
        // So many end in the same millisecond.
        const times = (from: number, count: number) =>
          Array.from({ length: count }, (_, n) => from + Math.floor(n / together));
        moving.grow(times(1_000, before), true);
        moving.grow(times(100_000, after), true);
        const { seen, whole } = await read('completed', 100_000, moving, (turn) => {
          moving.jobs.splice(0, forgotten[turn] ?? 0);
          moving.grow(times(900_000 + turn, 10), true);
        });
        expect(whole).toBe(true);
        const missing = moving.jobs.filter(
          ({ id, timestamp }) => timestamp >= 100_000 && timestamp < 900_000 && !seen.has(id),
        );
        expect(missing).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

it('reads each job that waits since a time, though some are taken and others come meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(2_000), fc.nat(2_000), amounts, amounts, async (before, after, taken, added) => {
      const moving = new MovingList();
      const times = (at: number, count: number) => Array.from({ length: count }, () => at);
      moving.grow(times(1_000, before), false);
      moving.grow(times(100_000, after), false);
      const { seen, whole } = await read('waiting', 100_000, moving, (turn) => {
        moving.jobs.splice(0, taken[turn] ?? 0);
        moving.grow(times(900_000, added[turn] ?? 0), false);
      });
      const missing = moving.jobs.filter(({ id, timestamp }) => timestamp === 100_000 && !seen.has(id));
      if (whole) expect(missing).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

it('says so when a list grows faster than it is read', async () => {
  const moving = new MovingList();
  moving.grow(
    Array.from({ length: 1_000 }, () => 100_000),
    false,
  );
  const grow = () =>
    moving.grow(
      Array.from({ length: 500 }, () => 900_000),
      false,
    );
  expect(await read('waiting', 100_000, moving, grow)).toMatchObject({ whole: false });
});

it('reads the whole of a list that is in no order of time', async () => {
  const moving = new MovingList();
  moving.grow(
    Array.from({ length: 950 }, (_, n) => n),
    false,
  );
  const { seen, whole } = await read('delayed', 949, moving, () => undefined);
  expect(whole).toBe(true);
  expect(seen.size).toBe(950);
});
