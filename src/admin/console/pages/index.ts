import type { ConsoleFile, ConsolePage } from '../page.ts';
import { type AuditServices, auditFile, auditPage } from './audit.ts';
import { type OverviewServices, overviewPage } from './overview.ts';

/** What the pages are about: each says in its own file what it needs. */
export type ConsoleServices = OverviewServices & AuditServices;

/** Every page of the console. */
export function consolePages(services: ConsoleServices): readonly ConsolePage[] {
  return [overviewPage(services), auditPage(services)];
}

/** What belongs to the pages and is none: tables as CSV, mails in their frames. */
export function consoleFiles(services: ConsoleServices): readonly ConsoleFile[] {
  return [auditFile(services)];
}
