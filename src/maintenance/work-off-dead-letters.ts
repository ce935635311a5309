import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';
import type { DeadLetterOperation, DeadLetterOperations } from '../integrations/database/port.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import type { DeadLetterControl } from '../queue/dead-letter-control.ts';

export interface WorkOffOptions {
  readonly operations: DeadLetterOperations;
  readonly control: Pick<DeadLetterControl, 'replay' | 'discard'>;
  /** Names this process among all. */
  readonly owner: string;
  /** How often new operations are looked for, in ms. */
  readonly intervalMs?: number;
  onError(error: unknown): void;
}

/** A process that dies holds an operation up for no longer. */
const leaseSeconds = 10;
/** Letters that are dealt with at once are those of so many ms at the operation's pace. */
const batchMs = 100;
/** Somebody else's claim on a letter has ended by then. */
const busyTries = 30;
const busyPauseMs = 500;
const ofTheStore: ReadonlySet<ErrorCode> = new Set([
  'QUEUE_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
  'REQUEST_TIMEOUT',
]);

/**
 * Works off replays and discards of many dead letters, at their pace. Each operation is worked on by one process, which
 * notes after every batch how far it has come; when it dies or stops, another goes on from there. That a letter is dealt
 * with once is held by its claim and by its queue, whoever comes.
 */
export function createWorkOff({
  operations,
  control,
  owner,
  onError,
  intervalMs = 1_000,
}: WorkOffOptions): Service {
  const closing = new AbortController();
  const under = new Set<Promise<void>>();

  const loop = createLoop({
    name: 'replays of dead letters',
    intervalMs,
    onError,
    async runOnce() {
      while (!closing.signal.aborted) {
        const operation = await operations.claim(owner, leaseSeconds);
        if (operation === undefined) return;
        const work: Promise<void> = workOff(operation, { operations, control, owner }, closing.signal)
          .catch(onError)
          .finally(() => under.delete(work));
        under.add(work);
      }
    },
  });
  return {
    name: loop.name,
    start: () => loop.start(),
    async stop() {
      closing.abort();
      await loop.stop();
      await Promise.all(under);
    },
  };
}

type Parts = Pick<WorkOffOptions, 'operations' | 'control' | 'owner'>;

async function workOff(operation: DeadLetterOperation, parts: Parts, closing: AbortSignal): Promise<void> {
  const { operations, owner } = parts;
  const { id, perSecond } = operation;
  const size = Math.max(1, Math.round((perSecond * batchMs) / 1_000));
  let seq = '0';
  let due = performance.now();
  try {
    while (!closing.aborted) {
      const letters = await operations.next(id, size);
      const last = letters.at(-1);
      if (last === undefined) {
        await operations.note({ id, owner, seq, ended: true, seconds: leaseSeconds });
        return;
      }
      const faults = await Promise.all(letters.map((letter) => workOn(letter.id, operation, parts, closing)));
      if (closing.aborted) return;
      seq = last.seq;
      const failed = faults.filter((fault) => fault !== undefined);
      const progress = { id, owner, seq, failed: failed.length, fault: failed.at(-1), seconds: leaseSeconds };
      if (!(await operations.note(progress))) return;
      due = Math.max(due + (letters.length / perSecond) * 1_000, performance.now() - batchMs);
      if (!(await paused(due, parts, operation, seq, closing))) return;
    }
  } finally {
    // Back to whoever is next; where the database is away the lease ends by itself.
    if (closing.aborted) await operations.note({ id, owner, seq, seconds: 0 }).catch(() => false);
  }
}

/** Waits until the next batch is due, and keeps the operation meanwhile; `false` when it is to go no further. */
async function paused(
  due: number,
  { operations, owner }: Parts,
  { id }: DeadLetterOperation,
  seq: string,
  closing: AbortSignal,
): Promise<boolean> {
  const step = (leaseSeconds * 1_000) / 4;
  for (let left = due - performance.now(); left > 0; left = due - performance.now()) {
    if (!(await slept(Math.min(left, step), closing))) return false;
    if (left > step && !(await operations.note({ id, owner, seq, seconds: leaseSeconds }))) return false;
  }
  return true;
}

/** @returns why it could not be dealt with; `undefined` when it was, or when somebody else has. */
async function workOn(
  letter: string,
  operation: DeadLetterOperation,
  { operations, control, owner }: Parts,
  closing: AbortSignal,
): Promise<string | undefined> {
  const { id, kind, requestedBy: by, reason = '' } = operation;
  for (let tries = 1; ; tries += 1) {
    try {
      if (kind === 'replay') await control.replay(letter, { by, operation: id });
      else await control.discard(letter, { by, reason, operation: id });
      return undefined;
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      if (error.code === 'DEAD_LETTER_CLOSED' || error.code === 'DEAD_LETTER_NOT_FOUND') return undefined;
      // The store is away or too slow: the operation is given up here and goes on when its lease has ended.
      if (ofTheStore.has(error.code)) throw error;
      if (error.code !== 'DEAD_LETTER_BUSY' || tries === busyTries)
        return `${error.code}: ${messageOf(error)}`;
      if (!(await slept(busyPauseMs, closing))) return undefined;
      await operations.note({ id, owner, seq: '0', seconds: leaseSeconds });
    }
  }
}

async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    // The process stops.
    return false;
  }
}
