import { randomUUID } from 'node:crypto';
import { MillraceError } from '../src/errors/catalogue.ts';
import { shorten } from '../src/errors/faults.ts';
import type { ScheduleRecords, ScheduleSwitch, ScheduleTicks } from '../src/integrations/database/port.ts';
import type { QueueManager } from '../src/queue/queue-manager.ts';
import type {
  Backfill,
  BackfillRequest,
  ScheduledJob,
  Schedules,
  ScheduleView,
} from '../src/queue/schedules.ts';
import { fillIn } from './backfill.ts';
import type { TimedSchedule } from './run-due.ts';
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
    const filled = { ...schedule, timetable: this.#timetableOf(schedule) };
    return fillIn(filled, request, { ...this.#options, clock: this.#clock });
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
