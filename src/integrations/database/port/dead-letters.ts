export type DeadLetterState = 'open' | 'replayed' | 'discarded';

/** A letter as its queue has it, with the group that it belongs to. */
export interface NewDeadLetter {
  readonly id: string;
  readonly cause: string;
  readonly causeMessage: string;
  readonly queue: string;
  readonly job: string;
  readonly jobId: string;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly addedAt: string;
  readonly failedAt: string;
  readonly correlationId: string | undefined;
  readonly addedBy: string | undefined;
  readonly content: DeadLetterContent;
}

/** What is only looked at when a letter is opened. */
export interface DeadLetterContent {
  readonly payload: unknown;
  readonly key?: string | undefined;
  readonly stack?: string | undefined;
  readonly details?: readonly { readonly path: string; readonly message: string }[] | undefined;
}

export interface DeadLetterRecord {
  readonly id: string;
  readonly queue: string;
  readonly job: string;
  readonly jobId: string;
  readonly cause: string;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly addedAt: Date;
  readonly failedAt: Date;
  readonly correlationId: string | undefined;
  readonly addedBy: string | undefined;
  readonly state: DeadLetterState;
  readonly closedAt: Date | undefined;
  readonly closedBy: string | undefined;
  readonly reason: string | undefined;
  /** The job that runs in its place. */
  readonly replayJob: string | undefined;
  /** The replay or discard of many that has closed it. */
  readonly operation: string | undefined;
  /** Where a list goes on after it. */
  readonly cursor: string;
}

export interface OpenedDeadLetter extends DeadLetterRecord {
  readonly content: DeadLetterContent;
}

export interface DeadLetterFilter {
  readonly queue?: string | undefined;
  readonly job?: string | undefined;
  readonly code?: string | undefined;
  readonly state?: DeadLetterState | undefined;
  readonly cause?: string | undefined;
  readonly jobId?: string | undefined;
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly until?: Date | undefined;
  /** Words of the message, all of them, each of which may be the beginning of one. */
  readonly words?: string | undefined;
}

/** Letters of one cause: the same but for numbers, ids and quotations. */
export interface DeadLetterGroup {
  readonly cause: string;
  readonly queue: string;
  readonly job: string;
  readonly code: string;
  readonly message: string;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

export type DeadLetterOperationKind = 'replay' | 'discard';

/** A replay or a discard of all letters that a filter fits and that were there when it began. */
export interface DeadLetterOperation {
  readonly id: string;
  readonly kind: DeadLetterOperationKind;
  readonly filter: DeadLetterFilter;
  readonly perSecond: number;
  readonly reason: string | undefined;
  readonly requestedBy: string;
  readonly state: 'running' | 'stopped' | 'done';
  /** Letters that were open when it began. */
  readonly total: number;
  readonly done: number;
  /** Letters that it could not deal with, and why it could not with the last of them; they stay open. */
  readonly failed: number;
  readonly fault: string | undefined;
  readonly createdAt: Date;
  readonly endedAt: Date | undefined;
}

export interface DeadLetterClosing {
  readonly id: string;
  /** Who holds the claim on it, if anybody. */
  readonly owner: string;
  readonly state: 'replayed' | 'discarded';
  readonly by: string;
  readonly reason?: string | undefined;
  readonly replayJob?: string | undefined;
  readonly operation?: string | undefined;
}

/** The dead letters of all queues, open and closed. */
export interface DeadLetterRecords {
  /** Takes letters in; those that are here stay as they are. Gives the ids of those that are closed. */
  keep(letters: readonly NewDeadLetter[]): Promise<readonly string[]>;
  /** Those that failed last, first. `before` is a cursor. */
  list(filter: DeadLetterFilter, before: string | undefined, limit: number): Promise<DeadLetterRecord[]>;
  /** Those of most letters first. */
  groups(filter: DeadLetterFilter, limit: number): Promise<DeadLetterGroup[]>;
  count(filter: DeadLetterFilter): Promise<number>;
  find(id: string): Promise<OpenedDeadLetter | undefined>;
  /** `true` for whoever may deal with an open letter, for so many seconds. */
  claim(id: string, owner: string, seconds: number): Promise<boolean>;
  release(id: string, owner: string): Promise<void>;
  /** `true` for whoever has closed it; a letter that somebody else has claimed stays open. */
  close(closing: DeadLetterClosing): Promise<boolean>;
  /** Letters that a process had claimed when it died. */
  abandoned(limit: number): Promise<readonly string[]>;
  /** Removes those closed before a time, at most `limit`, and says how many there were. */
  forget(closedBefore: Date, limit: number): Promise<number>;
  readonly operations: DeadLetterOperations;
}

export interface DeadLetterOperations {
  /** Begins one; again under the same id is harmless. */
  start(
    operation: Pick<DeadLetterOperation, 'id' | 'kind' | 'filter' | 'perSecond' | 'reason' | 'requestedBy'>,
  ): Promise<DeadLetterOperation>;
  find(kind: DeadLetterOperationKind, id: string): Promise<DeadLetterOperation | undefined>;
  /** The newest first. */
  list(limit: number): Promise<DeadLetterOperation[]>;
  stop(kind: DeadLetterOperationKind, id: string): Promise<DeadLetterOperation | undefined>;
  /** A running one that nobody works on, for so many seconds. */
  claim(owner: string, seconds: number): Promise<DeadLetterOperation | undefined>;
  /** Its next letters, the oldest first. */
  next(id: string, limit: number): Promise<readonly { readonly id: string; readonly seq: string }[]>;
  /** Notes how far it has come and keeps the claim; `false` when it is to go no further here. */
  note(progress: {
    readonly id: string;
    readonly owner: string;
    readonly seq: string;
    readonly failed?: number;
    readonly fault?: string | undefined;
    readonly ended?: boolean;
    /** 0 gives it back. */
    readonly seconds: number;
  }): Promise<boolean>;
}
