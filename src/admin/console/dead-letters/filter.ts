import { z } from 'zod';
import type { DeadLetterFilter } from '../../../integrations/database/port.ts';

const word = z.string().max(200).optional();
const moment = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d/, 'must be a time')
  .transform((text) => new Date(/Z$/.test(text) ? text : `${text}Z`))
  .refine((time) => !Number.isNaN(time.getTime()), 'must be a time')
  .optional();

/** What letters are chosen by, as a form or an address has it. */
export const filterFields = {
  queue: word,
  job: word,
  code: word,
  cause: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'must be the id of a cause')
    .optional(),
  from: moment,
  until: moment,
  words: z
    .string()
    .max(200)
    .regex(/[\p{L}\p{N}]/u, 'must hold a letter or digit')
    .optional(),
};

/** A filter as an address or hidden fields have it. */
export function asQuery({ from, until, ...filter }: DeadLetterFilter): Record<string, string | undefined> {
  const { queue, job, code, cause, words } = filter;
  return { queue, job, code, cause, words, from: momentText(from), until: momentText(until) };
}

/** The same without what is absent. */
export function asFields(filter: DeadLetterFilter): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(asQuery(filter))) {
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

function momentText(time: Date | undefined): string | undefined {
  return time?.toISOString().slice(0, 19);
}
