import type { ConsoleFile, ConsolePage } from '../page.ts';
import { type AuditServices, auditFile, auditPage } from './audit.ts';
import { type CerServices, cerPages } from './cer.ts';
import { type ConversionServices, conversionFiles, conversionPages } from './conversions.ts';
import { type DeadLetterServices, deadLetterPages } from './dead-letters.ts';
import { deadLetterBulkPages } from './dead-letters-many.ts';
import { type DocumentServices, documentPages } from './documents.ts';
import { type JobServices, jobEvents, jobPage } from './job.ts';
import { type MailPreviewServices, mailPreviewFiles, mailPreviewPages } from './mails.ts';
import { type OutboxServices, outboxFiles, outboxPages } from './outbox.ts';
import { type OverviewServices, overviewPage } from './overview.ts';
import { type ScheduleServices, schedulePages } from './schedules.ts';
import { type SearchServices, searchPage } from './search.ts';
import { type SyncServices, syncPages } from './sync.ts';

/** What the pages are about: each says in its own file what it needs. */
export type ConsoleServices = OverviewServices &
  SearchServices &
  JobServices &
  DeadLetterServices &
  ScheduleServices &
  DocumentServices &
  OutboxServices &
  SyncServices &
  ConversionServices &
  CerServices &
  MailPreviewServices &
  AuditServices;

/** Those that the HTTP side makes itself. */
export type WebMade =
  | 'examine'
  | 'seal'
  | 'linkTo'
  | 'audited'
  | 'audit'
  | 'trail'
  | 'jobs'
  | 'queues'
  | 'jobSearch'
  | 'streams'
  | 'deadLetters'
  | 'schedules';

/** Every page of the console. */
export function consolePages(services: ConsoleServices): readonly ConsolePage[] {
  return [
    overviewPage(services),
    searchPage(services),
    jobPage(services),
    ...deadLetterPages(services),
    ...deadLetterBulkPages(services),
    ...schedulePages(services),
    ...documentPages(services),
    ...outboxPages(services),
    ...syncPages(services),
    ...conversionPages(services),
    ...cerPages(services),
    ...mailPreviewPages(services),
    auditPage(services),
  ];
}

/** What belongs to the pages and is none: tables as CSV, mails in their frames. */
export function consoleFiles(services: ConsoleServices): readonly ConsoleFile[] {
  return [
    ...outboxFiles(services),
    ...conversionFiles(services),
    ...mailPreviewFiles(services),
    auditFile(services),
    jobEvents(services),
  ];
}
