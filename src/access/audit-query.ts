import { z } from 'zod';
import { type AuditFilter, auditOutcomes } from '../integrations/database/port.ts';
import { type AuditAction, auditActions } from './audit-actions.ts';

const actionNames: readonly AuditAction[] = Object.keys(auditActions).filter((name): name is AuditAction =>
  Object.hasOwn(auditActions, name),
);

/** A moment as the API writes it, or as a form has it: `2026-11-25T03:00`, or a day; without a zone it is UTC. */
export const moment = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/,
    'must be a date or an ISO 8601 time',
  )
  .transform((text, context) => {
    const zoned = !text.includes('T') || /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
    const at = new Date(zoned);
    if (Number.isNaN(at.getTime())) {
      context.addIssue({ code: 'custom', message: 'is no date that there is' });
      return z.NEVER;
    }
    return at;
  });

/** By what the audit log is looked through, in the API and in the console. */
export const auditQuery = z.strictObject({
  actor: z.string().min(1).max(255).optional().describe('The `subject` of who acted'),
  action: z.enum(actionNames).optional(),
  object: z
    .string()
    .min(1)
    .max(400)
    .optional()
    .describe('On what, as `<kind>:<id>`; with `*` at its end all that begin so, such as `job:email/*`'),
  outcome: z
    .enum([...auditOutcomes, 'open'])
    .optional()
    .describe('`open` for what goes on, or whose process died'),
  from: moment.optional().describe('From this date or time on; without a zone it is UTC'),
  until: moment.optional().describe('Before this date or time'),
});

export function auditFilterOf({ actor, ...rest }: z.output<typeof auditQuery>): AuditFilter {
  return { ...rest, subject: actor };
}
