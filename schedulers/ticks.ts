/**
 * When a schedule is due: pure functions of an expression, a zone and a time.
 *
 * An expression that names hours (`30 2 * * *`, `0 *\/6 * * *`) belongs to the clock on the wall: each local time it
 * names is one tick, at its first occurrence when the clocks go back over it, and at the first moment after the jump
 * when they go forward over it. One that runs in every hour (`*\/15 * * * *`, `0 * * * *`) belongs to passing time: it
 * has the ticks of an hour that comes twice twice, and none in an hour that does not come.
 *
 * Croner computes in UTC here, that is, on wall times; what they mean in a zone is decided in `zone.ts`. By its own
 * rules croner 11 runs `0 *\/6` twice when midnight comes twice (Havana) and not at all when it is left out (Cairo),
 * and loses a time that is moved past midnight (Nuuk).
 */
import { Cron } from 'croner';
import { parse } from 'node-cron';
import { instantOf, isZone, jumpBetween, offsetAt } from './zone.ts';

/** When: the expression and the zone whose clocks it speaks of. */
export interface Timetable {
  /** Five fields, or six with seconds first. */
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
}

const SECOND = 1_000;
const DAY = 86_400_000;
/** No expression that has ticks at all is silent for longer: 29 February is, from 2096 to 2104, for 8 years. */
const LONGEST_SILENCE = 9 * 366 * DAY;
/** More ticks than this are never listed. */
const MOST_TICKS = 10_000;

interface Expression {
  readonly walls: Cron;
  readonly everyHour: boolean;
}

const expressions = new Map<string, Expression>();

function expressionOf(cron: string): Expression {
  const known = expressions.get(cron);
  if (known !== undefined) return known;
  const made = {
    walls: new Cron(cron, { timezone: 'UTC', mode: '5-or-6-parts' }),
    everyHour: new Set(parse(cron).hour).size === 24,
  };
  expressions.set(cron, made);
  return made;
}

/** What is wrong with a timetable, as a sentence; `undefined` when nothing is. */
export function faultOf({ cron, timeZone }: Timetable): string | undefined {
  if (!isZone(timeZone)) return `Zone "${timeZone}" is unknown: use an IANA name such as Europe/Berlin.`;
  try {
    const { dayOfMonth, dayOfWeek } = parse(cron);
    // node-cron wants both to fit, cron and croner either: such a line would ring and be due at different times.
    if (dayOfMonth.length < 31 && dayOfWeek.length < 7)
      return `Expression "${cron}" restricts both the day of the month and the day of the week: make it two schedules.`;
    if (expressionOf(cron).walls.nextRun(new Date(0)) === null) return `Expression "${cron}" is never due.`;
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `Expression "${cron}" cannot be read: ${reason}.`;
  }
}

/** The first tick after an instant; `undefined` when there is none for years. */
export function nextTick({ cron, timeZone }: Timetable, after: Date): Date | undefined {
  const expression = expressionOf(cron);
  const next = expression.everyHour ? nextByTime : nextByWall;
  const tick = next(expression.walls, timeZone, after.getTime());
  return tick === undefined ? undefined : new Date(tick);
}

/** The latest tick in (after, at]. */
export function previousTick(timetable: Timetable, after: Date, at: Date): Date | undefined {
  let latest = nextTick(timetable, after);
  if (latest === undefined || latest > at) return undefined;
  // Halves (latest known, at] until nothing is due in it, so that a long span of many ticks costs little.
  let end = at.getTime();
  while (end - latest.getTime() > SECOND) {
    const middle = Math.floor((latest.getTime() + end) / 2);
    const tick = nextTick(timetable, new Date(middle));
    if (tick !== undefined && tick <= at) latest = tick;
    else end = middle;
  }
  const last = nextTick(timetable, latest);
  return last !== undefined && last <= at ? last : latest;
}

/**
 * The ticks in (last, now] that are no older than `windowMs`, in order. When they are more than 10,000 the latest
 * stands for all.
 */
export function ticksDue({
  last,
  now,
  windowMs,
  ...timetable
}: Timetable & { readonly last: Date; readonly now: Date; readonly windowMs: number }): Date[] {
  const from = new Date(Math.max(last.getTime(), now.getTime() - windowMs));
  const ticks: Date[] = [];
  let tick = nextTick(timetable, from);
  while (tick !== undefined && tick <= now) {
    if (ticks.length === MOST_TICKS) {
      const latest = previousTick(timetable, tick, now) ?? tick;
      return [latest];
    }
    ticks.push(tick);
    tick = nextTick(timetable, tick);
  }
  return ticks;
}

/** The first wall time after another. */
function nextWall(walls: Cron, wall: number): number | undefined {
  return walls.nextRun(new Date(wall))?.getTime();
}

function nextByWall(walls: Cron, zone: string, after: number): number | undefined {
  let wall = nextWall(walls, after + offsetAt(zone, after));
  while (wall !== undefined && wall - after < LONGEST_SILENCE) {
    // Not later than `after`: the clocks went back, and this wall time was due before they did.
    const instant = instantOf(zone, wall);
    if (instant !== undefined && instant > after) return instant;
    wall = nextWall(walls, wall);
  }
  return undefined;
}

function nextByTime(walls: Cron, zone: string, after: number): number | undefined {
  let from = after;
  let offset = offsetAt(zone, from);
  let wall = nextWall(walls, from + offset);
  while (wall !== undefined && from - after < LONGEST_SILENCE) {
    const tick = wall - offset;
    const end = Math.min(tick, from + DAY);
    const jump = jumpBetween(zone, from, end);
    if (jump === undefined) {
      if (end === tick) return tick;
      from = end;
    } else if (tick < jump) {
      return tick;
    } else {
      // The moment of the jump itself may be due, by the time that the clocks show after it.
      from = jump - SECOND;
      offset = offsetAt(zone, jump);
      wall = nextWall(walls, from + offset);
      from = jump;
    }
  }
  return undefined;
}
