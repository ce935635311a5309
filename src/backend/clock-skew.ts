import type { Finding } from './port.ts';

/** Delays and locks are reckoned by the clock of whoever sets them; so far apart, jobs run early or late. */
const toleratedMs = 2_000;

/** Compares the store's clock with ours, which was read before and after the question; all in ms since 1970. */
export function clockSkew(about: string, theirs: number, before: number, after: number): Finding[] {
  // The answer was made at some moment between the two: only what lies outside is skew.
  const skew = theirs < before ? theirs - before : theirs > after ? theirs - after : 0;
  if (Math.abs(skew) <= toleratedMs) return [];
  return [
    {
      level: 'warning',
      about,
      message: `Its clock is ${(Math.abs(skew) / 1_000).toFixed(1)} s ${skew < 0 ? 'behind' : 'ahead of'} this machine's: delayed jobs start early or late. Set both by NTP.`,
    },
  ];
}
