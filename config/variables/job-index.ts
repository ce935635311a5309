import { z } from 'zod';
import { type Variable, variable, whole } from './define.ts';

/** The row that is kept for each job. */
export const jobIndex = {
  JOB_INDEX: variable(z.enum(['on', 'off'], { error: 'must be on or off' }), {
    default: 'on',
    description: 'Keeps a row for each job in the database, for search and for the history of jobs',
  }),
  JOB_HISTORY_DAYS: variable(whole(1, 3_650), {
    default: '30',
    description:
      'How many days that row is kept after the job was added, whether or not its queue remembers it',
  }),
} as const satisfies Record<string, Variable>;
