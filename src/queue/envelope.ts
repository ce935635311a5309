/**
 * What is stored as a job's data: the caller's payload as it is, and beside it what the platform must remember.
 */
export interface Envelope {
  readonly type: string;
  readonly data: unknown;
  readonly meta: EnvelopeMeta;
}

export interface EnvelopeMeta {
  /** Names this piece of work for good: the same over attempts, restarts and replays. Ledgers are keyed by it. */
  readonly key: string;
  readonly correlationId: string;
  /** Tells whose add a job with a chosen id came from, when several callers chose the same. */
  readonly nonce?: string;
  /** Who added it, or the work that it follows from; absent when the platform did so by itself. */
  readonly addedBy?: string;
  /** Whose work it is, where one Millrace serves several customers. */
  readonly tenant?: string;
  /** `<queue>/<id>` of the job that added it, and of the one that it is a second run of. */
  readonly parent?: string;
  readonly rerunOf?: string;
  /** The trace that it was added in, where traces are sent. */
  readonly traceId?: string;
  /** Set when it runs once more after it had died. */
  readonly replay?: Replay;
}

/** Where a replayed job comes from. */
export interface Replay {
  /** The dead letter that it was replayed from. */
  readonly letter: string;
  /** Ms since 1970. */
  readonly at: number;
  /** How many times it was replayed. */
  readonly count: number;
  /** When the failure was recorded that it was replayed after: tells a replay that is not under way yet from one that failed. */
  readonly after: number;
}

const optionalTexts = ['nonce', 'addedBy', 'tenant', 'parent', 'rerunOf', 'traceId'] as const;

/** Reads stored data; `undefined` when it is no envelope, as with jobs that something else put into the queue. */
export function readEnvelope(stored: unknown): Envelope | undefined {
  if (!isRecord(stored) || typeof stored.type !== 'string' || !isRecord(stored.meta)) return undefined;
  const { meta } = stored;
  const { key, correlationId } = meta;
  if (typeof key !== 'string' || typeof correlationId !== 'string') return undefined;
  const read: { -readonly [K in keyof EnvelopeMeta]: EnvelopeMeta[K] } = { key, correlationId };
  for (const name of optionalTexts) {
    const value = meta[name];
    if (typeof value === 'string') read[name] = value;
  }
  const replay = readReplay(meta.replay);
  if (replay !== undefined) read.replay = replay;
  return { type: stored.type, data: stored.data, meta: read };
}

function readReplay(value: unknown): Replay | undefined {
  if (!isRecord(value)) return undefined;
  const { letter, at, count, after } = value;
  if (typeof letter !== 'string' || typeof at !== 'number') return undefined;
  if (typeof count !== 'number' || typeof after !== 'number') return undefined;
  return { letter, at, count, after };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Ids that may go into logs, headers and ledgers as they are. */
export const correlationIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
