import type { Proposal, ProposalStatus, User } from '../integrations/database/port.ts';
import type { WireOpportunity } from './opportunities.ts';
import type { Random } from './random.ts';

const dayMs = 86_400_000;
const statuses: readonly [ProposalStatus, ...ProposalStatus[]] = [
  'draft',
  'submitted',
  'submitted',
  'under-review',
  'awarded',
  'rejected',
  'withdrawn',
];

/** Two to five invented proposals of a user, in answer to notices of the sample, in the last twelve weeks. */
export function makeProposals(
  random: Random,
  asOf: Date,
  user: User,
  opportunities: readonly WireOpportunity[],
): Proposal[] {
  return Array.from({ length: random.whole(2, 5) }, (_, index) => {
    const notice = opportunities[random.whole(0, Math.max(0, opportunities.length - 1))];
    const status = random.pick(statuses);
    const daysAgo = random.whole(0, 83);
    const day = (back: number) => new Date(asOf.getTime() - back * dayMs).toISOString().slice(0, 10);
    const submitted = status !== 'draft' && status !== 'withdrawn';
    const decided = status === 'awarded' || status === 'rejected';
    const amount = random.chance(0.9)
      ? `${random.whole(40, 4_000)}${random.pick(['000', '500', '250'])}.00`
      : undefined;
    return {
      id: `proposal-${user.id}-${index + 1}`,
      userId: user.id,
      noticeId: notice?.noticeId,
      title: `Proposal: ${notice?.title ?? 'Medical supplies'}`,
      status,
      amount,
      currency: 'USD',
      dueOn: day(daysAgo - random.whole(1, 20)),
      submittedOn: submitted ? day(daysAgo) : undefined,
      decidedOn: decided ? day(Math.max(0, daysAgo - random.whole(10, 40))) : undefined,
      updatedAt: new Date(asOf.getTime() - (decided ? Math.floor(daysAgo / 3) : daysAgo) * dayMs),
    };
  });
}
