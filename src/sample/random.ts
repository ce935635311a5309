/** Numbers that look like chance and are the same for the same seed, on every machine. */
export interface Random {
  /** At least 0, below 1. */
  fraction(): number;
  /** Whole number, both ends included. */
  whole(min: number, max: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  chance(probability: number): boolean;
  /** So many characters of an alphabet. */
  characters(count: number, alphabet: string): string;
  shuffled<T>(items: readonly T[]): T[];
}

/** Mulberry32 by Tommy Ettinger (public domain): one 32-bit word of state, plenty for sample data. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (min: number, max: number) => min + Math.floor(fraction() * (max - min + 1));
  return {
    fraction,
    whole,
    pick: (items) => items[whole(0, items.length - 1)] ?? items[0],
    chance: (probability) => fraction() < probability,
    characters: (count, alphabet) =>
      Array.from({ length: count }, () => alphabet.charAt(whole(0, alphabet.length - 1))).join(''),
    shuffled(items) {
      const keyed = items.map((item) => ({ item, key: fraction() }));
      return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
    },
  };
}

export const hexDigits = '0123456789abcdef';
export const digits = '0123456789';
/** A UEI has no I and no O, which look like digits. */
export const ueiCharacters = 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789';
