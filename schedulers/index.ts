/**
 * The scheduler: makes jobs of the cron table's ticks, each tick one job whatever the number of schedulers.
 *
 * node-cron rings for every schedule; a sweep each minute looks at all of them besides. Neither decides anything: on
 * every occasion `run-due.ts` asks the ledger and the timetable what is due, so an alarm that comes late, twice or never
 * costs no tick. And some never come: node-cron 4 does not ring for a local time that the clocks jump over, nor in the
 * second of two equal hours. The sweep finds those ticks, within a second of their minute.
 */
import { createTask, type ScheduledTask } from 'node-cron';
import { ConfigError } from '../src/errors/catalogue.ts';
import type { Service } from '../src/lifecycle/service.ts';
import { type Dependencies, type Occasion, runDue, type TimedSchedule } from './run-due.ts';
import { faultOf, nextTick } from './ticks.ts';

export type { TimedSchedule };

export interface SchedulerOptions<S extends TimedSchedule> extends Dependencies<S> {
  readonly schedules: readonly S[];
  /** How often all schedules are looked at, in ms; a minute unless told. */
  readonly sweepMs?: number;
}

/** Right after the moment at which most ticks fall, so that the alarms go first. */
const SWEEP_OFFSET_MS = 500;

/**
 * A scheduler of the enabled lines of the table. `stop` resolves when nothing of it is under way any more.
 * @throws ConfigError with the fault of every line that cannot be scheduled.
 */
export function createScheduler<S extends TimedSchedule>(options: SchedulerOptions<S>): Service {
  const { log, clock, sweepMs = 60_000 } = options;
  const enabled = options.schedules.filter((schedule) => schedule.enabled);
  const zoneOf = (schedule: S) => schedule.timeZone ?? options.timeZone;
  refuseFaults(enabled, zoneOf);

  const lines = enabled.map((schedule) => createLine(options, schedule));
  let tasks: ScheduledTask[] = [];
  let sweep: NodeJS.Timeout | undefined;
  let starting: Promise<void> | undefined;

  const planSweep = () => {
    const now = clock();
    sweep = setTimeout(
      () => {
        planSweep();
        for (const line of lines) void line.look({ takeOver: true });
      },
      sweepMs - (now % sweepMs) + SWEEP_OFFSET_MS,
    );
    // The sweep alone is no reason for a process to go on.
    sweep.unref();
  };

  const setAlarm = (schedule: S, line: Line) => {
    const task = createTask(schedule.cron, ({ date }) => void line.look({ alarmAt: date }), {
      name: schedule.name,
      timezone: zoneOf(schedule),
      logger: alarmLog(log),
      suppressMissedWarning: true,
    });
    // An alarm that this process was too busy for is still one.
    task.on('execution:missed', ({ date }) => void line.look({ alarmAt: date }));
    void task.start();
    return task;
  };

  const start = async () => {
    tasks = enabled.flatMap((schedule, index) => {
      const line = lines[index];
      if (line === undefined) return [];
      const next = nextTick({ cron: schedule.cron, timeZone: zoneOf(schedule) }, new Date(clock()));
      log.debug({ schedule: schedule.name, cron: schedule.cron, next }, 'A schedule is on.');
      return [setAlarm(schedule, line)];
    });
    planSweep();
    await Promise.all(lines.map((line) => line.open()));
  };

  return {
    name: 'scheduler',
    start() {
      starting ??= start();
      return starting;
    },
    async stop() {
      starting = undefined;
      clearTimeout(sweep);
      for (const task of tasks) await task.destroy();
      tasks = [];
      await Promise.all(lines.map((line) => line.close()));
    },
  };
}

/** One schedule's turn-taking: it is looked at by one occasion at a time, and those that come meanwhile become one. */
interface Line {
  /** Looks for the first time since a start. */
  open(): Promise<void>;
  /** Resolves when it has been looked at; never rejects. */
  look(occasion: Partial<Occasion>): Promise<void>;
  close(): Promise<void>;
}

function createLine<S extends TimedSchedule>(dependencies: Dependencies<S>, schedule: S): Line {
  let isOpen = false;
  let atStart = true;
  let waiting: Occasion | undefined;
  let running: Promise<void> | undefined;

  const run = async () => {
    while (waiting !== undefined) {
      const occasion = waiting;
      waiting = undefined;
      try {
        await runDue(dependencies, schedule, { ...occasion, atStart });
        atStart = false;
      } catch (error) {
        dependencies.log.error(
          { err: error, schedule: schedule.name },
          'A schedule could not be looked at; the next sweep does it again.',
        );
      }
    }
    running = undefined;
  };

  const look = async (occasion: Partial<Occasion>) => {
    if (!isOpen) return;
    waiting = joined(waiting, occasion);
    running ??= run();
    await running;
  };

  return {
    look,
    open() {
      isOpen = true;
      atStart = true;
      return look({ takeOver: true });
    },
    async close() {
      isOpen = false;
      waiting = undefined;
      await running;
    },
  };
}

function joined(first: Occasion | undefined, second: Partial<Occasion>): Occasion {
  const alarms = [first?.alarmAt, second.alarmAt].filter((alarm) => alarm !== undefined);
  const alarmAt = alarms.sort((a, b) => b.getTime() - a.getTime())[0];
  return {
    atStart: false,
    takeOver: first?.takeOver === true || second.takeOver === true,
    ...(alarmAt !== undefined && { alarmAt }),
  };
}

function refuseFaults<S extends TimedSchedule>(
  schedules: readonly S[],
  zoneOf: (schedule: S) => string,
): void {
  const names = new Set<string>();
  const faults = schedules.flatMap((schedule) => {
    const twice = names.has(schedule.name);
    names.add(schedule.name);
    const message = twice
      ? 'Two schedules have this name; the ledger would take them for one.'
      : faultOf({ cron: schedule.cron, timeZone: zoneOf(schedule) });
    return message === undefined ? [] : [{ path: `schedules.${schedule.name}`, message }];
  });
  if (faults.length > 0) throw new ConfigError(faults);
}

/** node-cron's own words go where ours go. */
function alarmLog(log: Dependencies<TimedSchedule>['log']) {
  const say = (level: 'info' | 'warn' | 'error' | 'debug') => (message: string | Error, error?: Error) => {
    const err = message instanceof Error ? message : error;
    log[level]({ err }, message instanceof Error ? 'The alarm failed.' : message);
  };
  return { info: say('info'), warn: say('warn'), error: say('error'), debug: say('debug') };
}
