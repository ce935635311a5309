import { describe, expect, it } from 'vitest';
import { Revoked } from '../../src/access/revoked.ts';

const minute = 60_000;

function table() {
  const asked: number[] = [];
  let answer: { at: number; ids: { id: string; until: number }[] } | undefined = { at: 0, ids: [] };
  return {
    asked,
    answers: (next: typeof answer) => {
      answer = next;
    },
    since: async (since: number) => {
      asked.push(since);
      if (answer === undefined) throw new Error('The database is away.');
      return answer;
    },
  };
}

describe('what was revoked', () => {
  it('is known after a look, looks overlap, and what has run out is forgotten', async () => {
    let now = 1_000_000;
    const rows = table();
    const revoked = new Revoked(rows, () => now);
    rows.answers({ at: 500 * minute, ids: [{ id: 'a', until: now + minute }] });
    await revoked.refresh();
    expect([revoked.has('a'), revoked.has('b')]).toEqual([true, false]);
    rows.answers({ at: 500 * minute + 2_000, ids: [] });
    now += 2_000;
    await revoked.refresh();
    expect(rows.asked).toEqual([0, 499 * minute]);
    expect(revoked.has('a')).toBe(true);
    now += minute;
    await revoked.refresh();
    expect(revoked.has('a')).toBe(false);
  });

  it('is told once to those who listen, whether it was done here or elsewhere', async () => {
    const now = 1_000_000;
    const rows = table();
    const revoked = new Revoked(rows, () => now);
    const heard: string[] = [];
    revoked.onEnd((id) => heard.push(id));
    revoked.add('a', new Date(now + minute));
    rows.answers({
      at: now,
      ids: [
        { id: 'a', until: now + minute },
        { id: 'b', until: now + minute },
      ],
    });
    await revoked.refresh();
    await revoked.refresh();
    expect(heard).toEqual(['a', 'b']);
  });

  it('is known at once where it was done', async () => {
    const rows = table();
    const revoked = new Revoked(rows, () => 0);
    await revoked.refresh();
    revoked.add('mine', new Date(minute));
    expect(revoked.has('mine')).toBe(true);
  });

  it('is not guessed when nobody could be asked for a minute', async () => {
    let now = 0;
    const rows = table();
    const revoked = new Revoked(rows, () => now);
    expect(() => revoked.has('a')).toThrow(expect.objectContaining({ code: 'DATABASE_UNAVAILABLE' }));
    await revoked.refresh();
    rows.answers(undefined);
    now = minute;
    await expect(revoked.refresh()).rejects.toThrow();
    expect(revoked.has('a')).toBe(false);
    now = minute + 1;
    expect(() => revoked.has('a')).toThrow(expect.objectContaining({ code: 'DATABASE_UNAVAILABLE' }));
  });
});
