/**
 * Time zones, as arithmetic. An instant is ms since 1970 in UTC; a wall time is what a clock on a wall of the zone
 * shows, written as the ms at which a clock in UTC would show the same.
 */

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const formatters = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError when the runtime knows no such zone. */
function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(zone, made);
  return made;
}

/** Whether the runtime knows a zone by this name. */
export function isZone(zone: string): boolean {
  try {
    formatter(zone);
    return true;
  } catch {
    return false;
  }
}

/** What the zone's clocks are ahead of UTC at an instant, in ms. */
export function offsetAt(zone: string, instant: number): number {
  if (zone === 'UTC') return 0;
  const part: Record<string, number> = {};
  for (const { type, value } of formatter(zone).formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / SECOND) * SECOND;
}

/** The instant in (from, to] at which the zone's clocks jump, if they do; `from` and `to` lie at most two days apart. */
export function jumpBetween(zone: string, from: number, to: number): number | undefined {
  const before = offsetAt(zone, from);
  if (offsetAt(zone, to) === before) return undefined;
  // Offsets are constant up to the jump and after it, and jumps happen at whole seconds.
  let low = Math.floor(from / SECOND);
  let high = Math.ceil(to / SECOND);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle * SECOND) === before) low = middle;
    else high = middle;
  }
  return high * SECOND;
}

/**
 * The instant at which a wall time is due. One that comes twice is due the first time; one that the clocks jump over is
 * due when they have jumped. A wall time on a day that the zone left out as a whole (Apia had no 30 December 2011) has
 * no instant.
 */
export function instantOf(zone: string, wall: number): number | undefined {
  // Offsets lie between -12 and +14 hours, so these two instants are surely before and after.
  const before = wall - 15 * HOUR;
  const after = wall + 13 * HOUR;
  const offsets = [offsetAt(zone, before), offsetAt(zone, after)];
  const instants = offsets
    .map((offset) => ({ instant: wall - offset, offset }))
    .filter(({ instant, offset }) => offsetAt(zone, instant) === offset)
    .map(({ instant }) => instant);
  if (instants.length > 0) return Math.min(...instants);
  const jump = jumpBetween(zone, before, after);
  if (jump === undefined) return undefined;
  const shownLast = jump - SECOND + offsetAt(zone, jump - SECOND);
  const shownNext = jump + offsetAt(zone, jump);
  const day = Math.floor(wall / DAY);
  return day === Math.floor(shownLast / DAY) || day === Math.floor(shownNext / DAY) ? jump : undefined;
}
