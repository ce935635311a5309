import type { ParsedPayload } from '../../queues/index.ts';
import type { CleanupClass } from '../../src/integrations/database/port.ts';

type Ages = ParsedPayload<'sync', 'cleanup-data'>['data']['olderThanDays'];

/** In the order in which they are removed. */
export const cleanupClasses: readonly CleanupClass[] = [
  'documents',
  'cerReports',
  'conversions',
  'opportunities',
  'deliveries',
  'mailEvents',
  'scheduleTicks',
  'syncRejects',
  'syncPositions',
];

/**
 * After how many days each class goes. Opportunities stay longer than the year that a full sync reads again, so that none
 * comes and goes; the ledger of mails longer than any job that might be run again; clinical
 * evaluation reports until the next yearly one; and what only syncs need, while a sync
 * that waits for its quota may take months.
 */
const defaultDays: Readonly<Record<CleanupClass, number>> = {
  opportunities: 730,
  documents: 90,
  cerReports: 365,
  conversions: 90,
  deliveries: 365,
  mailEvents: 365,
  scheduleTicks: 30,
  syncRejects: 30,
  syncPositions: 180,
};

/** What is older than this goes. Events of mails go with the mails, and places of syncs have no age of their own. */
export function cutoffOf(what: CleanupClass, ages: Ages, now: Date): Date {
  const asked = what === 'syncPositions' ? undefined : ages?.[what === 'mailEvents' ? 'deliveries' : what];
  const cutoff = new Date(now);
  cutoff.setUTCDate(cutoff.getUTCDate() - (asked ?? defaultDays[what]));
  return cutoff;
}
