import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { MillraceError } from '../src/errors/catalogue.ts';
import type { ScheduleRecords, ScheduleTicks } from '../src/integrations/database/port.ts';
import type { QueueManager } from '../src/queue/queue-manager.ts';
import type { Backfill, BackfilledTick, BackfillRequest } from '../src/queue/schedules.ts';
import { jobKeyOf } from './run-due.ts';
import { nextTick, type Timetable } from './ticks.ts';

/** The schedule whose past is filled in. */
export interface FilledSchedule {
  readonly name: string;
  readonly queue: string;
  readonly job: string;
  readonly payload: unknown;
  readonly payloadAt?: (tickAt: Date) => unknown;
  readonly timetable: Timetable;
}

export interface BackfillParts {
  readonly queues: QueueManager;
  readonly ticks: ScheduleTicks;
  readonly records: ScheduleRecords;
  readonly clock: () => number;
}

/** Ticks of a whole span; finding one takes up to a third of a millisecond. */
const mostTicks = 5_000;
/** After so many found ticks the process may do something else. */
const foundInARow = 100;
const claimSeconds = 30;
/** Jobs that are made at the same time. */
const atOnce = 5;

/** Where a span goes on: after which tick, and what the pace and the count need to know of the parts before. */
const place = z.object({
  after: z.iso.datetime().transform((text) => new Date(text)),
  /** When the first part began, in ms, and the ticks without a job that the parts so far have had. */
  begunAt: z.int().min(0),
  had: z.int().min(0),
  /** Ticks without a job after this place, as the first part has counted them. */
  left: z.int().min(0),
});
type Place = z.output<typeof place>;

/**
 * Deals with one part of a span: at most `limit` ticks from its beginning, or from where `cursor` says.
 * @throws MillraceError INVALID_REQUEST
 */
export async function fillIn(
  schedule: FilledSchedule,
  request: BackfillRequest,
  parts: BackfillParts,
): Promise<Backfill> {
  const { from, to, dryRun, limit, perSecond, by } = request;
  const now = parts.clock();
  if (to.getTime() > now) throw refused('to', 'must not be in the future');
  if (from > to) throw refused('to', 'must not be before `from`');
  const goesOn = request.cursor === undefined ? undefined : readPlace(request.cursor, from, to);
  const due = await ticksAfter(schedule.timetable, {
    after: goesOn?.after ?? new Date(from.getTime() - 1),
    to,
    most: goesOn === undefined ? mostTicks : limit,
  });
  if (goesOn === undefined && due.more)
    throw refused('from', `must leave at most ${mostTicks} ticks: fill in one span after another`);
  const known = await parts.records.span(schedule.name, goesOn?.after ?? from, due.ticks.at(-1) ?? to);
  const had = new Set(known.taken.map((tick) => tick.getTime()));
  const found = due.ticks.map((tickAt): BackfilledTick => {
    if (had.has(tickAt.getTime())) return { tickAt, state: 'there', jobId: undefined };
    const forgotten = known.knownFrom !== undefined && tickAt < known.knownFrom;
    return { tickAt, state: forgotten ? 'forgotten' : 'missing', jobId: undefined };
  });
  const ticks = found.slice(0, limit);
  const missing = ticks.filter(({ state }) => state === 'missing');
  const before = { begunAt: Math.min(goesOn?.begunAt ?? now, now), had: goesOn?.had ?? 0 };
  if (!dryRun) {
    const owner = randomUUID();
    for (let at = 0; at < missing.length; at += atOnce) {
      const made = await Promise.all(
        missing.slice(at, at + atOnce).map(({ tickAt }, index) => {
          const startsAt = before.begunAt + ((before.had + at + index) / perSecond) * 1_000;
          const delay = Math.max(0, Math.round(startsAt - now));
          return makeJob(schedule, tickAt, { owner, by, delay }, parts);
        }),
      );
      for (const tick of made) ticks[due.ticks.indexOf(tick.tickAt)] = tick;
    }
  }
  const count = (state: BackfilledTick['state']) => ticks.filter((tick) => tick.state === state).length;
  const missingInAll = goesOn?.left ?? found.filter(({ state }) => state === 'missing').length;
  const left = Math.max(0, missingInAll - missing.length);
  const last = ticks.at(-1)?.tickAt;
  const ends = last === undefined || (found.length <= limit && !due.more);
  return {
    dryRun,
    missing: count('missing'),
    made: count('made'),
    left: ends ? 0 : left,
    nextCursor: ends
      ? undefined
      : writePlace({ after: last, left, begunAt: before.begunAt, had: before.had + missing.length }),
    dated: schedule.payloadAt !== undefined,
    ticks,
  };
}

/** Makes the job of a past tick, under the key that a scheduler would have given it: it is one in any case. */
async function makeJob(
  { name, queue, job, payload, payloadAt }: FilledSchedule,
  tickAt: Date,
  { owner, by, delay }: { readonly owner: string; readonly by: string; readonly delay: number },
  { records, queues, ticks }: BackfillParts,
): Promise<BackfilledTick> {
  if (!(await records.claimBackfill({ schedule: name, tickAt, owner, seconds: claimSeconds, by }))) {
    return { tickAt, state: 'there', jobId: undefined };
  }
  const { id, created } = await queues.addUntyped(queue, job, payloadAt?.(tickAt) ?? payload, {
    idempotencyKey: jobKeyOf(name, tickAt),
    delay,
  });
  await ticks.confirm(name, tickAt, id);
  return { tickAt, state: created ? 'made' : 'there', jobId: id };
}

/** The first ticks in (after, to], and whether there are more than `most`. */
async function ticksAfter(
  timetable: Timetable,
  { after, to, most }: { readonly after: Date; readonly to: Date; readonly most: number },
): Promise<{ readonly ticks: readonly Date[]; readonly more: boolean }> {
  const ticks: Date[] = [];
  let tick = nextTick(timetable, after);
  while (tick !== undefined && tick <= to) {
    if (ticks.length === most) return { ticks, more: true };
    ticks.push(tick);
    if (ticks.length % foundInARow === 0) await nextTurn();
    tick = nextTick(timetable, tick);
  }
  return { ticks, more: false };
}

function writePlace(at: Place): string {
  return Buffer.from(JSON.stringify(at)).toString('base64url');
}

function readPlace(cursor: string, from: Date, to: Date): Place {
  const read = place.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (!read.success) throw refused('cursor', 'is none that a part before has given: begin without one');
  if (read.data.after < from || read.data.after > to)
    throw refused('cursor', 'is of another span: give the same `from` and `to`, or begin without one');
  return read.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is none of ours is no JSON either, and the schema says so.
    return undefined;
  }
}

function refused(path: string, message: string): MillraceError {
  return new MillraceError('INVALID_REQUEST', `The span is invalid. ${path}: ${message}.`, {
    details: [{ path, message }],
  });
}
