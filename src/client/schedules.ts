import type { z } from 'zod';
import type {
  backfillRequest,
  backfill as backfillSchema,
  schedule as scheduleSchema,
} from '../http/schemas/schedules.ts';
import { isFields, isReference, listOf, unreadable } from './answers.ts';
import { newKey } from './keys.ts';
import type { Received, Transport } from './transport.ts';
import type { CallOptions, JobReference } from './types.ts';
import type { Given, Wire } from './wire.ts';

/** A schedule with its next ticks, and the latest ones with their jobs. */
export type Schedule = Wire<z.output<typeof scheduleSchema>>;
/** The ticks of a span, and what became of each. */
export type Backfill = Wire<z.output<typeof backfillSchema>>;
/** A span, both ends included; a dry run unless `dryRun` is `false`. `perSecond` is the pace, 0.01 to 50; 1 when absent. */
export type BackfillRequest = Given<z.output<typeof backfillRequest>> &
  Required<Pick<Given<z.output<typeof backfillRequest>>, 'from' | 'to'>>;

/** The schedules of a platform. All calls throw as those of `Client`, and SCHEDULE_NOT_FOUND. */
export class Schedules {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list({ signal }: CallOptions = {}): Promise<readonly Schedule[]> {
    const { data } = await this.#transport.call({ method: 'GET', path: '/schedules', signal });
    if (!listOf(data.schedules, isSchedule)) throw unreadable('schedules');
    return data.schedules;
  }

  /** One, with its last fifty ticks. */
  async get(name: string, { signal }: CallOptions = {}): Promise<Schedule> {
    return scheduleOf(await this.#transport.call({ method: 'GET', path: pathOf(name), signal }));
  }

  /** Makes its job now, beside its ticks, and also while it is paused. The same key again is the same job. */
  async run(
    name: string,
    { signal, idempotencyKey = newKey() }: CallOptions & { readonly idempotencyKey?: string } = {},
  ): Promise<JobReference> {
    const path = `${pathOf(name)}/run`;
    const { data } = await this.#transport.call({ method: 'POST', path, idempotencyKey, signal });
    if (!isReference(data.job)) throw unreadable('a job');
    return data.job;
  }

  /** It makes no more jobs, in every scheduler, until it is resumed. Again is harmless, as with `resume`. */
  async pause(name: string, options: CallOptions = {}): Promise<Schedule> {
    return this.#change(name, false, options);
  }

  /** What was due meanwhile is not made up for. */
  async resume(name: string, options: CallOptions = {}): Promise<Schedule> {
    return this.#change(name, true, options);
  }

  /**
   * Makes a job for each tick of a span that has none: of its first 500 ticks, or `limit`, and with `cursor`, the
   * `nextCursor` of the answer before, of those after them. Again is harmless.
   */
  async backfill(name: string, { signal, ...wanted }: BackfillRequest & CallOptions): Promise<Backfill> {
    const path = `${pathOf(name)}/backfill`;
    const sent = { method: 'POST', path, body: wanted, signal, repeatable: true } as const;
    const { data } = await this.#transport.call(sent);
    if (!isBackfill(data.backfill)) throw unreadable('a backfill');
    return data.backfill;
  }

  /**
   * The same for a whole span, part after part, at one pace. Whoever leaves the loop stops it: what was made stays, and
   * the same span again makes the rest.
   */
  async *backfillParts(name: string, wanted: BackfillRequest & CallOptions): AsyncGenerator<Backfill> {
    let cursor: string | undefined;
    do {
      const part = await this.backfill(name, cursor === undefined ? wanted : { ...wanted, cursor });
      yield part;
      cursor = part.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  async #change(name: string, enabled: boolean, { signal }: CallOptions): Promise<Schedule> {
    const body = { enabled };
    const sent = { method: 'PATCH', path: pathOf(name), body, signal, repeatable: true } as const;
    return scheduleOf(await this.#transport.call(sent));
  }
}

function pathOf(name: string): string {
  return `/schedules/${encodeURIComponent(name)}`;
}

function scheduleOf({ data: { schedule } }: Received): Schedule {
  if (isSchedule(schedule)) return schedule;
  throw unreadable('a schedule');
}

function isSchedule(value: unknown): value is Schedule {
  return isFields(value) && typeof value.name === 'string' && Array.isArray(value.next);
}

function isBackfill(value: unknown): value is Backfill {
  return isFields(value) && typeof value.missing === 'number' && Array.isArray(value.ticks);
}
