import type { AuditAction } from '../../../access/audit-actions.ts';
import type { Role, SignInWay } from '../../../access/roles.ts';

/** How an action ended. Until that is known, or when its process died, it has none. */
export const auditOutcomes = ['done', 'refused', 'failed'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

export interface AuditEntry {
  /** Who acts, or tries to; `role` is absent when nobody has been let in. */
  readonly subject: string;
  readonly name?: string | undefined;
  readonly role?: Role | undefined;
  readonly via: SignInWay;
  readonly action: AuditAction;
  /** On what, as `<kind>:<id>`, such as `job:email/123` or `queue:email`. */
  readonly object: string;
  readonly address?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly correlationId: string;
  /** What else tells one such action from another; never a payload or a secret. */
  readonly detail?: AuditDetail | undefined;
}

export type AuditDetail = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** An entry as it was read. A newer version may have written actions and roles that this one does not know. */
export interface AuditRecord extends Omit<AuditEntry, 'action' | 'role' | 'via'> {
  /** Counts upwards; not without gaps. */
  readonly id: string;
  readonly action: string;
  readonly role: string | undefined;
  readonly via: string;
  readonly at: Date;
  readonly outcome: AuditOutcome | undefined;
}

export interface AuditFilter {
  readonly subject?: string | undefined;
  readonly action?: AuditAction | undefined;
  /** An object, or with `*` at its end all that begin so. */
  readonly object?: string | undefined;
  /** `open` for actions that have none: they go on, or their process died. */
  readonly outcome?: AuditOutcome | 'open' | undefined;
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly until?: Date | undefined;
  /** Goes on after the record of this id, towards the older. */
  readonly before?: string | undefined;
}

/** What people have done to the platform. Entries are only ever added: the database refuses to change or remove one. */
export interface AuditLog {
  /** Writes what is about to be done, and gives the entry's id. What cannot be written must not be done. */
  begin(entry: AuditEntry): Promise<string>;
  /** Adds how it ended; the first outcome stays. */
  end(id: string, outcome: AuditOutcome, detail?: AuditDetail): Promise<void>;
  /** The newest first, at most `limit`. */
  list(filter: AuditFilter, limit: number): Promise<readonly AuditRecord[]>;
}
