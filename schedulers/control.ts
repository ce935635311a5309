import { randomUUID } from 'node:crypto';
import { MillraceError } from '../src/errors/catalogue.ts';
import { shorten } from '../src/errors/faults.ts';
import type { ScheduleRecords, ScheduleSwitch, ScheduleTicks } from '../src/integrations/database/port.ts';
import type { QueueManager } from '../src/queue/queue-manager.ts';
import type {
  Backfill,
  BackfilledTick,
  BackfillRequest,
  ScheduledJob,
  Schedules,
  ScheduleView,
} from '../src/queue/schedules.ts';
import { jobKeyOf, type TimedSchedule } from './run-due.ts';
import { nextTick } from './ticks.ts';

/** A line of the cron table, with its payload as JSON. */
interface Schedule extends TimedSchedule {
  readonly queue: string;
  readonly job: string;
  readonly payload: unknown;
  readonly payloadAt?: (tickAt: Date) => unknown;
}

export interface ScheduleControlOptions {
  readonly schedules: readonly Schedule[];
  /** IANA zone of schedules that name none. */
  readonly timeZone: string;
  readonly queues: QueueManager;
  readonly ticks: ScheduleTicks;
  readonly records: ScheduleRecords;
  readonly clock?: () => number;
}

const shownNext = 3;
const shownInList = 5;
const shownAlone = 50;
/** Ticks that one backfill looks at. */
const mostTicks = 500;
const claimSeconds = 30;
/** Jobs that are made at the same time. */
const atOnce = 5;

/** What people do with schedules. The schedulers read what is kept here on every occasion. */
export class ScheduleControl implements Schedules {
  readonly #options: ScheduleControlOptions;
  readonly #clock: () => number;

  constructor(options: ScheduleControlOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  async list(): Promise<readonly ScheduleView[]> {
    const switches = await this.#options.records.switches();
    return Promise.all(
      this.#options.schedules.map((schedule) => this.#view(schedule, switches, shownInList)),
    );
  }

  async find(name: string): Promise<ScheduleView> {
    const schedule = this.#known(name);
    return this.#view(schedule, await this.#options.records.switches(), shownAlone);
  }

  async run(name: string, by: string, key: string = randomUUID()): Promise<{ id: string; created: boolean }> {
    const { queue, job, payload } = this.#known(name);
    const { id, created } = await this.#options.queues.addUntyped(queue, job, payload, {
      idempotencyKey: `${name}-run-${key}`.slice(0, 255),
    });
    await this.#options.records.noteRun(name, id, by);
    return { id, created };
  }

  async setEnabled(name: string, enabled: boolean, by: string): Promise<ScheduleView> {
    const schedule = this.#known(name);
    if (enabled && !schedule.enabled) {
      throw new MillraceError(
        'SCHEDULE_NOT_CONFIGURED',
        `Schedule ${name} is off in config/schedules.ts: turn it on there.`,
      );
    }
    await this.#options.records.setEnabled(name, enabled, by);
    return this.find(name);
  }

  async backfill(name: string, request: BackfillRequest): Promise<Backfill> {
    const schedule = this.#known(name);
    const { from, to, dryRun } = request;
    const due = this.#ticksIn(schedule, from, to);
    const { taken, knownFrom } = await this.#options.records.span(name, from, to);
    const had = new Set(taken.map((tick) => tick.getTime()));
    const ticks: BackfilledTick[] = due.map((tickAt) => {
      if (had.has(tickAt.getTime())) return { tickAt, state: 'there', jobId: undefined };
      const forgotten = knownFrom !== undefined && tickAt < knownFrom;
      return { tickAt, state: forgotten ? 'forgotten' : 'missing', jobId: undefined };
    });
    const missing = ticks.filter(({ state }) => state === 'missing');
    if (!dryRun) {
      const owner = randomUUID();
      for (let at = 0; at < missing.length; at += atOnce) {
        const made = await Promise.all(
          missing.slice(at, at + atOnce).map(({ tickAt }, index) => {
            const delay = Math.round(((at + index) / request.perSecond) * 1_000);
            return this.#make(schedule, tickAt, { owner, by: request.by, delay });
          }),
        );
        for (const tick of made) ticks[due.indexOf(tick.tickAt)] = tick;
      }
    }
    const count = (state: BackfilledTick['state']) => ticks.filter((tick) => tick.state === state).length;
    const dated = schedule.payloadAt !== undefined;
    return { dryRun, missing: count('missing'), made: count('made'), dated, ticks };
  }

  /** Makes the job of a past tick, under the key that a scheduler would have given it: it is one in any case. */
  async #make(
    schedule: Schedule,
    tickAt: Date,
    { owner, by, delay }: { readonly owner: string; readonly by: string; readonly delay: number },
  ): Promise<BackfilledTick> {
    const { records, queues, ticks } = this.#options;
    const { name, queue, job } = schedule;
    if (!(await records.claimBackfill({ schedule: name, tickAt, owner, seconds: claimSeconds, by }))) {
      return { tickAt, state: 'there', jobId: undefined };
    }
    const payload = schedule.payloadAt?.(tickAt) ?? schedule.payload;
    const { id, created } = await queues.addUntyped(queue, job, payload, {
      idempotencyKey: jobKeyOf(name, tickAt),
      delay,
    });
    await ticks.confirm(name, tickAt, id);
    return { tickAt, state: created ? 'made' : 'there', jobId: id };
  }

  #ticksIn(schedule: Schedule, from: Date, to: Date): Date[] {
    if (to.getTime() > this.#clock()) throw refused('to', 'must not be in the future');
    if (from > to) throw refused('to', 'must not be before `from`');
    const timetable = this.#timetableOf(schedule);
    const due: Date[] = [];
    let tick = nextTick(timetable, new Date(from.getTime() - 1));
    while (tick !== undefined && tick <= to) {
      if (due.length === mostTicks) {
        throw refused('from', `must leave at most ${mostTicks} ticks: fill in one part after another`);
      }
      due.push(tick);
      tick = nextTick(timetable, tick);
    }
    return due;
  }

  async #view(schedule: Schedule, switches: readonly ScheduleSwitch[], most: number): Promise<ScheduleView> {
    const { records } = this.#options;
    const { name, cron, queue, job, catchUpMs } = schedule;
    const turned = switches.find((each) => each.schedule === name);
    const enabled = schedule.enabled && turned?.enabled !== false;
    const [ticks, runs] = await Promise.all([records.ticks(name, most), records.runs(name, most)]);
    return {
      name,
      cron,
      timeZone: this.#timetableOf(schedule).timeZone,
      queue,
      job,
      enabled,
      configured: schedule.enabled,
      changedBy: turned?.changedBy,
      changedAt: turned?.changedAt,
      catchUpSeconds: catchUpMs / 1_000,
      next: enabled ? this.#next(schedule) : [],
      ticks: await Promise.all(
        ticks.map(async ({ tickAt, takenAt, jobId, caughtUp, backfilledBy }) => ({
          tickAt,
          caughtUp,
          backfilledBy,
          latenessSeconds:
            backfilledBy === undefined
              ? Math.max(0, takenAt.getTime() - tickAt.getTime()) / 1_000
              : undefined,
          job: jobId === undefined ? undefined : await this.#job(queue, jobId),
        })),
      ),
      runs: await Promise.all(
        runs.map(async ({ at, by, jobId }) => ({ at, by, job: await this.#job(queue, jobId) })),
      ),
    };
  }

  async #job(queue: string, id: string): Promise<ScheduledJob> {
    const job = await this.#options.queues.job(queue, id);
    if (job === undefined) return { id, state: 'forgotten', startedAt: undefined, finishedAt: undefined };
    return { id, state: job.state, startedAt: job.startedAt, finishedAt: job.finishedAt };
  }

  #next(schedule: Schedule): Date[] {
    const next: Date[] = [];
    let at = new Date(this.#clock());
    while (next.length < shownNext) {
      const tick = nextTick(this.#timetableOf(schedule), at);
      if (tick === undefined) break;
      next.push(tick);
      at = tick;
    }
    return next;
  }

  #timetableOf({ cron, timeZone = this.#options.timeZone }: Schedule) {
    return { cron, timeZone };
  }

  #known(name: string): Schedule {
    const found = this.#options.schedules.find((schedule) => schedule.name === name);
    if (found !== undefined) return found;
    const names = this.#options.schedules.map((schedule) => schedule.name).join(', ');
    throw new MillraceError(
      'SCHEDULE_NOT_FOUND',
      `There is no schedule "${shorten(name)}". There are ${names}.`,
    );
  }
}

function refused(path: string, message: string): MillraceError {
  return new MillraceError('INVALID_REQUEST', `The span is invalid. ${path}: ${message}.`, {
    details: [{ path, message }],
  });
}
