import { queueNames } from '../../queues/index.ts';
import type { Database } from '../integrations/database/port.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import { createTakeIn } from '../maintenance/take-in-dead-letters.ts';
import { createWorkOff } from '../maintenance/work-off-dead-letters.ts';
import type { Logger } from '../observability/logger.ts';
import { DeadLetterControl } from '../queue/dead-letter-control.ts';
import { DeadLetters } from '../queue/dead-letters.ts';
import type { QueueManager } from '../queue/queue-manager.ts';

interface DeadLetterParts {
  readonly deadLetters: DeadLetters;
  readonly control: DeadLetterControl;
}

/** Where dead letters go, and what people do with them. */
export function openDeadLetters(log: Logger, queues: QueueManager, database: Database): DeadLetterParts {
  const records = database.deadLetters;
  const deadLetters = new DeadLetters((name) => queues.queue(name), {
    records,
    onError: (error) => log.warn({ err: error }, 'A dead letter is in its queue and will be listed later.'),
  });
  return { deadLetters, control: new DeadLetterControl({ queues, letters: deadLetters, records }) };
}

/** Keeps the list of dead letters true, and works off what was asked to be done with many. */
export function openDeadLetterDuties(
  log: Logger,
  instance: string,
  { deadLetters, control, database }: DeadLetterParts & { readonly database: Database },
): Service[] {
  const onError = (error: unknown) => log.warn({ err: error }, 'Dead letters will be looked at again.');
  const records = database.deadLetters;
  return [
    createLoop({
      name: 'list of dead letters',
      intervalMs: 30_000,
      runOnce: createTakeIn({
        queues: queueNames,
        letters: deadLetters,
        records,
        control,
        clock: Date.now,
      }),
      onError,
    }),
    createWorkOff({ operations: records.operations, control, owner: instance, onError }),
  ];
}
