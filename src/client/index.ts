import { Client } from './client.ts';
import type { TransportOptions } from './transport.ts';

/** `millrace/client`: a platform over HTTP, for services and browsers. Needs `fetch` and nothing of Node. */
export { Client } from './client.ts';
export type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterOperation,
  DeadLetterPage,
  DeadLetterPreview,
  DeadLetterQuery,
  DeadLetterSummary,
  DeadLetters,
} from './dead-letters.ts';
export {
  ClientError,
  type Fault,
  JobFailedError,
  RefusedError,
  UnansweredError,
  WaitTimeoutError,
} from './errors.ts';
export type { Backfill, BackfillRequest, Schedule } from './schedules.ts';
export type * from './types.ts';

export type ClientOptions = TransportOptions;

export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
