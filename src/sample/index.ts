import type { Proposal, User } from '../integrations/database/port.ts';
import { makeEntity, type WireEntity } from './entities.ts';
import { makeOpportunity, type WireOpportunity } from './opportunities.ts';
import { makeProposals } from './proposals.ts';
import { createRandom } from './random.ts';
import { makeSaved, type Saved } from './saved.ts';
import { makeStory, type SampleStory } from './stories.ts';
import { makeUser } from './users.ts';

export type { SampleStory, WireEntity, WireOpportunity };

/** Invented data to try the platform with: nothing of it is about real persons, companies or notices. */
export interface Sample {
  /** In the wire's shape, to be served by the sandbox. */
  readonly opportunities: readonly WireOpportunity[];
  readonly entities: readonly WireEntity[];
  readonly users: readonly User[];
  readonly proposals: readonly Proposal[];
  /** What the users keep an eye on; some of it closes within a week. */
  readonly saved: readonly Saved[];
  readonly stories: readonly SampleStory[];
}

const seed = 20_260_417;

/**
 * Makes the sample: 2,000 opportunities of the year before `asOf`, 200 entities, 50 users with a few
 * proposals each, and 100 stories. The same
 * `asOf` gives the same sample, byte for byte; another day moves the dates and nothing else.
 */
export function makeSample({
  asOf,
  opportunities = 2_000,
  entities = 200,
}: {
  asOf: Date;
  opportunities?: number;
  entities?: number;
}): Sample {
  // A generator for each part: more of one leaves the others as they were.
  const forOpportunities = createRandom(seed);
  const forEntities = createRandom(seed + 1);
  const forUsers = createRandom(seed + 2);
  const forStories = createRandom(seed + 3);
  const forProposals = createRandom(seed + 4);
  const forSaved = createRandom(seed + 5);
  const notices = many(opportunities, () => makeOpportunity(forOpportunities, asOf));
  const users = many(50, (index) => makeUser(forUsers, index));
  return {
    opportunities: notices,
    entities: many(entities, (index) => makeEntity(forEntities, asOf, index)),
    users,
    proposals: users.flatMap((user) => makeProposals(forProposals, asOf, user, notices)),
    saved: users.flatMap((user) => makeSaved(forSaved, asOf, user, notices)),
    stories: many(100, (index) => makeStory(forStories, index)),
  };
}

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
