import { text, type Variable, variable } from './define.ts';

const timeZone = text.refine((zone) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}, 'must be an IANA time zone, for example America/New_York');

/** The cron table’s zone. */
export const schedules = {
  SCHEDULE_TIMEZONE: variable(timeZone, { default: 'UTC', description: 'Zone of the cron table' }),
} as const satisfies Record<string, Variable>;
