import type { Logger } from './logger.ts';
import { Storm } from './storm.ts';

/** How long one line stands for all that a connection says in the same words. */
const windowMs = 30_000;

/**
 * Logs what the connections of queues complain of. A store that is away makes each of them complain with every try,
 * hundreds of times a second: the first of a kind is logged, and then how many more there were in half a minute.
 */
export function logConnections(log: Logger, message: string): (queue: string, error: Error) => void {
  const storm = new Storm<{ readonly queue: string; readonly error: Error }>({
    windowMs,
    single: 1,
    tell: ({ queue, error }) => log.warn({ queue, err: error }, message),
    tellCount: ({ queue, error }, times) =>
      log.warn({ queue, times, last: error.message }, `${message}, again`),
  });
  return (queue, error) => storm.add(`${queue} ${kindOf(error)}`, { queue, error });
}

/** Of the system or of the store (`ECONNREFUSED`, `57P03`), where it has one. */
function kindOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
