import type { User } from '../integrations/database/port.ts';
import type { WireOpportunity } from './opportunities.ts';
import type { Random } from './random.ts';

/** A notice that a user keeps an eye on. */
export interface Saved {
  readonly userId: string;
  readonly noticeId: string;
}

const weekMs = 7 * 86_400_000;

/** Up to six notices of the sample that are still open; for half of the users some of them close within a week. */
export function makeSaved(
  random: Random,
  asOf: Date,
  { id }: User,
  opportunities: readonly WireOpportunity[],
): Saved[] {
  const from = asOf.getTime();
  const closing = (after: number, before: number) =>
    opportunities.filter(({ active, responseDeadLine }) => {
      if (active !== 'Yes' || typeof responseDeadLine !== 'string') return false;
      const at = Date.parse(responseDeadLine) - from;
      return at > after && at < before;
    });
  const soon = random.chance(0.5) ? some(random, closing(0, weekMs), random.whole(1, 3)) : [];
  const later = some(random, closing(weekMs, 8 * weekMs), random.whole(1, 3));
  return [...soon, ...later].map(({ noticeId }) => ({ userId: id, noticeId }));
}

function some<T>(random: Random, items: readonly T[], count: number): T[] {
  return random.shuffled(items).slice(0, count);
}
