import { randomUUID } from 'node:crypto';
import { MillraceError } from '../errors/catalogue.ts';
import type {
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterOperation,
  DeadLetterOperationKind,
  DeadLetterRecord,
  DeadLetterRecords,
} from '../integrations/database/port.ts';
import { shortHash } from './idempotency.ts';

/** What a replay or a discard of many would do. */
export interface DeadLetterPreview {
  readonly total: number;
  readonly groups: readonly DeadLetterGroup[];
  readonly samples: readonly DeadLetterRecord[];
}

const mostSamples = 10;
const mostGroups = 20;

/** Replays and discards of many dead letters: they are asked for here, and worked off by the workers. */
export class DeadLettersInBulk {
  readonly #records: DeadLetterRecords;

  constructor(records: DeadLetterRecords) {
    this.#records = records;
  }

  /** What would be dealt with, without doing it. */
  async preview(filter: DeadLetterFilter): Promise<DeadLetterPreview> {
    const open = { ...filter, state: 'open' } as const;
    const [total, groups, samples] = await Promise.all([
      this.#records.count(open),
      this.#records.groups(open, mostGroups),
      this.#records.list(open, undefined, mostSamples),
    ]);
    return { total, groups, samples };
  }

  /**
   * Begins to replay or discard all letters that fit and are there by now; `maintenance/work-off-dead-letters.ts` does it.
   * @param key the same again is the same operation.
   */
  start(
    wanted: Pick<DeadLetterOperation, 'kind' | 'filter' | 'perSecond' | 'reason' | 'requestedBy'>,
    key?: string,
  ): Promise<DeadLetterOperation> {
    const id = key === undefined ? randomUUID() : shortHash(`${wanted.kind}\n${wanted.requestedBy}\n${key}`);
    return this.#records.operations.start({ ...wanted, id });
  }

  /** @throws MillraceError DEAD_LETTER_OPERATION_NOT_FOUND */
  async find(kind: DeadLetterOperationKind, id: string): Promise<DeadLetterOperation> {
    return known(kind, id, await this.#records.operations.find(kind, id));
  }

  /** The newest first. */
  list(limit: number): Promise<DeadLetterOperation[]> {
    return this.#records.operations.list(limit);
  }

  /** Stops one where it is; one that has ended stays as it is. @throws MillraceError DEAD_LETTER_OPERATION_NOT_FOUND */
  async stop(kind: DeadLetterOperationKind, id: string): Promise<DeadLetterOperation> {
    return known(kind, id, await this.#records.operations.stop(kind, id));
  }
}

function known(
  kind: DeadLetterOperationKind,
  id: string,
  operation: DeadLetterOperation | undefined,
): DeadLetterOperation {
  if (operation !== undefined) return operation;
  throw new MillraceError(
    'DEAD_LETTER_OPERATION_NOT_FOUND',
    `There is no ${kind} of many of the id "${id}".`,
  );
}
