const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const day = /^\d{4}-\d{2}-\d{2}$/;

/** The last moment of a deadline in ms since 1970: a day ends with its last minute in UTC. */
export function closingTime(deadline: string): number {
  return day.test(deadline) ? Date.parse(`${deadline}T23:59:59.999Z`) : Date.parse(deadline);
}

/** `Monday, 4 March 2024`, with `, 14:00 UTC` when the deadline is a moment. Months are named: 3/4 means two days. */
export function formatDeadline(deadline: string): string {
  return day.test(deadline) ? formatDay(deadline) : `${formatDay(deadline)}, ${formatTime(deadline)} UTC`;
}

/** `Monday, 4 March 2024` in UTC, of a day or a moment. */
export function formatDay(deadline: string): string {
  const time = new Date(closingTime(deadline));
  return `${weekdays[time.getUTCDay()]}, ${time.getUTCDate()} ${months[time.getUTCMonth()]} ${time.getUTCFullYear()}`;
}

function formatTime(moment: string): string {
  return new Date(moment).toISOString().slice(11, 16);
}
