import type { z } from 'zod';
import { backend } from './variables/backend.ts';
import { beingTold } from './variables/being-told.ts';
import type { Variable } from './variables/define.ts';
import { documents } from './variables/documents.ts';
import { events } from './variables/events.ts';
import { jobIndex } from './variables/job-index.ts';
import { mail } from './variables/mail.ts';
import { openai } from './variables/openai.ts';
import { samGov } from './variables/sam-gov.ts';
import { schedules } from './variables/schedules.ts';
import { service } from './variables/service.ts';
import { signIn } from './variables/sign-in.ts';
import { storage } from './variables/storage.ts';
import { workers } from './variables/workers.ts';

export type { Role } from './variables/service.ts';
export type { Variable };

/**
 * Every variable of the environment, by group, a file each. `.env.example` and `docs/configuration.md` are made from
 * this table, so a variable that is not here does not exist.
 */
export const groups = {
  Service: service,
  'Queue backend and database': backend,
  Workers: workers,
  'Job index': jobIndex,
  'Sign-in': signIn,
  Mail: mail,
  'SAM.gov': samGov,
  OpenAI: openai,
  'Being told': beingTold,
  'Conversions and documents': documents,
  Storage: storage,
  Events: events,
  Schedules: schedules,
} as const satisfies Record<string, Record<string, Variable>>;

type Groups = typeof groups;
type Flatten<G> = G extends Record<string, infer V> ? V : never;
type UnionToIntersection<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void
  ? I
  : never;

/** All variables in one record, as the parser reads them. */
export type Variables = UnionToIntersection<Flatten<{ [G in keyof Groups]: Groups[G] }>>;

export type Values = {
  readonly [K in keyof Variables]: Variables[K] extends Variable<infer T> ? z.output<T> : never;
};
