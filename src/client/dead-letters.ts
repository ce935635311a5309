import type { z } from 'zod';
import type {
  deadLetterGroup as groupSchema,
  deadLetter as letterSchema,
  operation as operationSchema,
  preview as previewSchema,
  replayManyRequest,
  deadLetterSummary as summarySchema,
} from '../http/schemas/dead-letters.ts';
import { isFields, isReference, listOf, unreadable } from './answers.ts';
import { newKey } from './keys.ts';
import { pause, type Received, type Transport } from './transport.ts';
import type { CallOptions, JobReference } from './types.ts';
import { type Given, type Wire, withQuery } from './wire.ts';

export type DeadLetter = Wire<z.output<typeof letterSchema>>;
/** Without payload and stack. */
export type DeadLetterSummary = Wire<z.output<typeof summarySchema>>;
/** The letters of one cause. */
export type DeadLetterGroup = Wire<z.output<typeof groupSchema>>;
/** What would be done. */
export type DeadLetterPreview = Wire<z.output<typeof previewSchema>>;
/** A replay or discard of many, which goes on by itself. */
export type DeadLetterOperation = Wire<z.output<typeof operationSchema>>;
/** Chooses among open letters; empty it means all. */
export type DeadLetterFilter = Given<z.output<typeof replayManyRequest>['filter']>;

export interface DeadLetterQuery extends DeadLetterFilter {
  /** `open` when absent. */
  readonly state?: DeadLetterSummary['state'] | 'all';
  /** The most that are listed, 1 to 1,000; 100 when absent. */
  readonly limit?: number;
}

export interface DeadLetterPage {
  readonly deadLetters: readonly DeadLetterSummary[];
  /** Where the list goes on; `null` at its end. */
  readonly nextCursor: string | null;
}

type ManyOptions = CallOptions & {
  /** The same key again is the same operation; when absent, that of this call alone. */
  readonly idempotencyKey?: string;
};
type OperationReference = Pick<DeadLetterOperation, 'id' | 'kind'>;

const pollMs = 500;

/** The dead letters of a platform. All calls throw as those of `Client`. */
export class DeadLetters {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Those that failed last first. */
  async list({
    signal,
    ...query
  }: DeadLetterQuery & { readonly cursor?: string } & CallOptions = {}): Promise<DeadLetterPage> {
    const { data } = await this.#get(withQuery('/dead-letters', query), signal);
    const { deadLetters, nextCursor } = data;
    if (!listOf(deadLetters, isLetter<DeadLetterSummary>)) throw unreadable('dead letters');
    return { deadLetters, nextCursor: typeof nextCursor === 'string' ? nextCursor : null };
  }

  /** Causes, those of most letters first. */
  async groups({
    signal,
    ...query
  }: DeadLetterQuery & CallOptions = {}): Promise<readonly DeadLetterGroup[]> {
    const { data } = await this.#get(withQuery('/dead-letters/groups', query), signal);
    if (!listOf(data.groups, isGroup)) throw unreadable('causes');
    return data.groups;
  }

  /** @throws RefusedError DEAD_LETTER_NOT_FOUND */
  async get(id: string, { signal }: CallOptions = {}): Promise<DeadLetter> {
    return letterOf(await this.#get(pathOf(id), signal));
  }

  /**
   * Its job goes again, with its attempts counted anew, and with another payload if one is given.
   * @param options.payload `{ type, data }`; what was shown as `[masked]` and is left so keeps its value.
   * @throws RefusedError DEAD_LETTER_CLOSED when it was dealt with before, INVALID_PAYLOAD
   */
  async replay(
    id: string,
    { payload, signal }: CallOptions & { readonly payload?: unknown } = {},
  ): Promise<JobReference> {
    const body = payload === undefined ? {} : { payload };
    const { data } = await this.#transport.call({
      method: 'POST',
      path: `${pathOf(id)}/replay`,
      body,
      signal,
    });
    if (!isReference(data.job)) throw unreadable('a job');
    return data.job;
  }

  /** @param options.reason stands in the letter and in the audit log. @throws as `replay`. */
  async discard(
    id: string,
    { reason, signal }: CallOptions & { readonly reason: string },
  ): Promise<DeadLetter> {
    const path = withQuery(pathOf(id), { reason });
    return letterOf(await this.#transport.call({ method: 'DELETE', path, signal }));
  }

  /** A dry run: what `replayAll` would replay. */
  async previewReplay(filter: DeadLetterFilter, { signal }: CallOptions = {}): Promise<DeadLetterPreview> {
    return this.#preview('replay', { filter }, signal);
  }

  /** A dry run: what `discardAll` would discard. */
  async previewDiscard(
    filter: DeadLetterFilter,
    { reason, signal }: CallOptions & { readonly reason: string },
  ): Promise<DeadLetterPreview> {
    return this.#preview('discard', { filter, reason }, signal);
  }

  /**
   * Begins to replay all open letters that fit; see how it does with `follow`.
   * @param options.perSecond the pace, 0.1 to 500 letters a second; 10 when absent.
   */
  async replayAll(
    filter: DeadLetterFilter,
    { perSecond, ...options }: ManyOptions & { readonly perSecond?: number } = {},
  ): Promise<DeadLetterOperation> {
    return this.#begin('replay', { filter, ...(perSecond === undefined ? {} : { perSecond }) }, options);
  }

  /** Begins to discard all open letters that fit. */
  async discardAll(
    filter: DeadLetterFilter,
    { reason, ...options }: ManyOptions & { readonly reason: string },
  ): Promise<DeadLetterOperation> {
    return this.#begin('discard', { filter, reason }, options);
  }

  /** How far an operation has come. */
  async operation(operation: OperationReference, { signal }: CallOptions = {}): Promise<DeadLetterOperation> {
    return operationOf(operation.kind, await this.#get(operationPath(operation), signal));
  }

  /** Replays and discards of many, the newest first. */
  async operations({
    signal,
    limit,
  }: CallOptions & { readonly limit?: number } = {}): Promise<readonly DeadLetterOperation[]> {
    const { data } = await this.#get(withQuery('/dead-letters/replays', { limit }), signal);
    if (!listOf(data.operations, isOperation)) throw unreadable('operations');
    return data.operations;
  }

  /** Within a second or so; what was done stays done. */
  async stop(operation: OperationReference, { signal }: CallOptions = {}): Promise<DeadLetterOperation> {
    const path = `${operationPath(operation)}/stop`;
    const received = await this.#transport.call({ method: 'POST', path, signal, repeatable: true });
    return operationOf(operation.kind, received);
  }

  /** Waits until it has ended. Whoever stops waiting stops nothing: that is what `stop` is for. */
  async follow(
    begun: DeadLetterOperation,
    {
      onProgress,
      signal,
    }: CallOptions & { readonly onProgress?: (operation: DeadLetterOperation) => void } = {},
  ): Promise<DeadLetterOperation> {
    for (let now = begun; ; now = await this.operation(begun, { ...(signal && { signal }) })) {
      onProgress?.(now);
      if (now.state !== 'running') return now;
      await pause(pollMs, signal);
    }
  }

  #get(path: string, signal: AbortSignal | undefined): Promise<Received> {
    return this.#transport.call({ method: 'GET', path, signal });
  }

  async #preview(
    kind: OperationReference['kind'],
    wanted: object,
    signal: AbortSignal | undefined,
  ): Promise<DeadLetterPreview> {
    const { data } = await this.#transport.call({
      method: 'POST',
      path: `/dead-letters/${kind}`,
      body: { ...wanted, dryRun: true },
      signal,
      repeatable: true,
    });
    if (!isPreview(data.preview)) throw unreadable('a preview');
    return data.preview;
  }

  async #begin(
    kind: OperationReference['kind'],
    wanted: object,
    { idempotencyKey = newKey(), signal }: ManyOptions,
  ): Promise<DeadLetterOperation> {
    const received = await this.#transport.call({
      method: 'POST',
      path: `/dead-letters/${kind}`,
      body: { ...wanted, dryRun: false },
      idempotencyKey,
      signal,
    });
    return operationOf(kind, received);
  }
}

function pathOf(id: string): string {
  return `/dead-letters/${encodeURIComponent(id)}`;
}

function operationPath({ kind, id }: OperationReference): string {
  return `/dead-letters/${kind}s/${encodeURIComponent(id)}`;
}

function letterOf({ data: { deadLetter } }: Received): DeadLetter {
  if (isLetter<DeadLetter>(deadLetter)) return deadLetter;
  throw unreadable('a dead letter');
}

function operationOf(kind: OperationReference['kind'], { data }: Received): DeadLetterOperation {
  const operation = data[kind];
  if (isOperation(operation)) return operation;
  throw unreadable(`a ${kind}`);
}

function isLetter<T extends DeadLetterSummary>(value: unknown): value is T {
  return isFields(value) && typeof value.id === 'string' && typeof value.message === 'string';
}

function isGroup(value: unknown): value is DeadLetterGroup {
  return isFields(value) && typeof value.cause === 'string' && typeof value.count === 'number';
}

function isPreview(value: unknown): value is DeadLetterPreview {
  return isFields(value) && typeof value.total === 'number' && listOf(value.groups, isGroup);
}

function isOperation(value: unknown): value is DeadLetterOperation {
  return isFields(value) && typeof value.id === 'string' && typeof value.done === 'number';
}
