import { Client } from './client.ts';
import type { TransportOptions } from './transport.ts';

/** `millrace/client`: a platform over HTTP, for services and browsers. Needs `fetch` and nothing of Node. */
export { Client } from './client.ts';
export {
  ClientError,
  type Fault,
  JobFailedError,
  RefusedError,
  UnansweredError,
  WaitTimeoutError,
} from './errors.ts';
export type * from './types.ts';

export type ClientOptions = TransportOptions;

export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
