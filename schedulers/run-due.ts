/**
 * What a scheduler does about one schedule at one moment: finds the ticks that are due since the ledger's last one,
 * claims each, enqueues it and confirms it.
 *
 * Any number of schedulers may do so at once. The ledger gives a tick to one of them; each claims in the order of time
 * and stops at an error, so no tick is left out between two that are known. One that dies between claim and
 * confirmation leaves a claim that ends: the next one enqueues again under the same key, which makes no second job.
 */
import type { Schedule } from '../config/schedules.ts';
import type { ScheduleTicks } from '../src/integrations/database/port.ts';
import type { Events } from '../src/observability/events.ts';
import type { Logger } from '../src/observability/logger.ts';
import { previousTick, ticksDue } from './ticks.ts';

/** What the scheduler needs to know of a line of the cron table; the rest is the affair of `enqueue`. */
export type TimedSchedule = Pick<Schedule, 'name' | 'cron' | 'catchUpMs' | 'enabled'> & {
  readonly timeZone?: string;
};

export interface Dependencies<S extends TimedSchedule> {
  readonly ticks: ScheduleTicks;
  /** Whether somebody has paused the schedule. */
  readonly paused?: (schedule: string) => Promise<boolean>;
  /** Adds the tick's job and resolves to its id. The same key twice must be one job. */
  readonly enqueue: (schedule: S, tickAt: Date, jobKey: string) => Promise<string>;
  readonly events: Events;
  readonly log: Logger;
  /** Ms since 1970. */
  readonly clock: () => number;
  /** Names this scheduler in the ledger. */
  readonly owner: string;
  /** IANA zone of schedules that name none. */
  readonly timeZone: string;
}

/** Why a schedule is looked at. */
export interface Occasion {
  /** For the first time since this scheduler started: what is due now may have been due while none ran. */
  readonly atStart: boolean;
  /** Also take over what others have claimed and not confirmed. */
  readonly takeOver: boolean;
  /** The instant that an alarm was set for. */
  readonly alarmAt?: Date;
}

/** How long a scheduler has to enqueue what it claimed. */
const CLAIM_SECONDS = 10;
/** A tick found within this time by a scheduler that was running is on time: stalls and outages do happen. */
const LIVE_MS = 120_000;
/** An alarm of this process's own timer can be early by as much; more would be a clock that was set. */
const EARLY_ALARM_MS = 2_000;

/**
 * Enqueues what is due of a schedule, once whatever the number of schedulers.
 * @throws MillraceError DATABASE_UNAVAILABLE when the ledger is away; the next occasion goes on from where it was.
 */
export async function runDue<S extends TimedSchedule>(
  dependencies: Dependencies<S>,
  schedule: S,
  occasion: Occasion,
): Promise<void> {
  const { ticks } = dependencies;
  // Asked on every occasion: a pause holds for all schedulers at once, and what is due meanwhile is not missed.
  if ((await dependencies.paused?.(schedule.name)) === true) return;
  const now = momentOf(dependencies.clock(), occasion.alarmAt);
  // Ticks ahead of the clock were made while it was wrong. Counted from them, none would be due until they come.
  const last = await ticks.last(schedule.name, now);
  if (last === undefined) {
    await ticks.baseline(schedule.name, now);
    return;
  }
  if (occasion.takeOver) await takeOver(dependencies, schedule, now);
  const { due, caughtUp } = whatIsDue(schedule, dependencies.timeZone, last, now, occasion.atStart);
  for (const tickAt of due) await runTick(dependencies, schedule, tickAt, caughtUp);
}

/** The name of a tick's job: the same from every scheduler, and without the colon that job ids may not have. */
export function jobKeyOf(schedule: string, tickAt: Date): string {
  return `${schedule}-${tickAt.toISOString().replaceAll(':', '').replace('.000Z', 'Z')}`;
}

/** An alarm is set by the timer's clock, which may be a little ahead of the one that is read: its tick counts as due. */
function momentOf(clock: number, alarmAt: Date | undefined): Date {
  const early = alarmAt !== undefined && alarmAt.getTime() - clock <= EARLY_ALARM_MS;
  return new Date(early ? Math.max(clock, alarmAt.getTime()) : clock);
}

/**
 * While schedulers run, each tick is due. Of those that were missed the latest one is, once, if it is within the
 * catch-up window: its job does what the earlier ones would have done.
 */
function whatIsDue(
  schedule: TimedSchedule,
  defaultZone: string,
  last: Date,
  now: Date,
  atStart: boolean,
): { due: readonly Date[]; caughtUp: boolean } {
  const timetable = { cron: schedule.cron, timeZone: schedule.timeZone ?? defaultZone };
  // A scheduler that starts beside others, or right after one, leaves out nothing of what they were about to do.
  const othersAlive = now.getTime() - last.getTime() <= CLAIM_SECONDS * 1_000;
  if (!atStart || othersAlive) {
    const live = ticksDue({ ...timetable, last, now, windowMs: LIVE_MS });
    if (live.length > 0) return { due: live, caughtUp: false };
  }
  const from = new Date(Math.max(last.getTime(), now.getTime() - schedule.catchUpMs));
  const missed = previousTick(timetable, from, now);
  return { due: missed === undefined ? [] : [missed], caughtUp: true };
}

/** Enqueues what another scheduler claimed and did not confirm, unless that is too old to be of use, or yet to come. */
async function takeOver<S extends TimedSchedule>(
  dependencies: Dependencies<S>,
  schedule: S,
  now: Date,
): Promise<void> {
  const oldest = now.getTime() - Math.max(schedule.catchUpMs, LIVE_MS);
  for (const tickAt of await dependencies.ticks.unconfirmed(schedule.name)) {
    if (tickAt.getTime() > oldest && tickAt <= now) await runTick(dependencies, schedule, tickAt, false);
  }
}

async function runTick<S extends TimedSchedule>(
  { ticks, enqueue, events, log, owner }: Dependencies<S>,
  schedule: S,
  tickAt: Date,
  caughtUp: boolean,
): Promise<void> {
  const { name } = schedule;
  if (!(await ticks.claim({ schedule: name, tickAt, owner, seconds: CLAIM_SECONDS, caughtUp }))) {
    events.emit('schedule.tick', { schedule: name, outcome: 'duplicate' });
    return;
  }
  let jobId: string;
  try {
    jobId = await enqueue(schedule, tickAt, jobKeyOf(name, tickAt));
  } catch (error) {
    // The claim is left to end: the sweep after that tries again, here or in another scheduler.
    log.error(
      { err: error, schedule: name, tickAt },
      'A tick could not be enqueued; it will be tried again.',
    );
    events.emit('schedule.tick', { schedule: name, outcome: 'failed' });
    return;
  }
  await ticks.confirm(name, tickAt, jobId);
  events.emit('schedule.tick', { schedule: name, outcome: caughtUp ? 'caught_up' : 'enqueued' });
  log.info({ schedule: name, tickAt, jobId, caughtUp }, 'A tick was enqueued.');
}
