/** A page of the console, as the screenshots show it. */
export interface PicturedPage {
  /** Of its file in `docs/images/console/`. */
  readonly name: string;
  readonly path: string;
  /** Opens the first link whose address begins so: the page of one thing. */
  readonly follow?: string;
  /** Shown as a phone shows it, in the dark scheme. */
  readonly phone?: boolean;
  /** Higher than a window, in px. */
  readonly height?: number;
  /** Seen before anybody has signed in. */
  readonly signedOut?: boolean;
}

export const picturedPages: readonly PicturedPage[] = [
  { name: 'sign-in', path: '/admin/sign-in', signedOut: true, height: 900 },
  { name: 'overview', path: '/admin', height: 1_200 },
  { name: 'overview-phone', path: '/admin', phone: true },
  { name: 'search', path: '/admin/search' },
  { name: 'job', path: '/admin/search', follow: '/admin/jobs/' },
  { name: 'dead-letters', path: '/admin/dead-letters' },
  { name: 'dead-letter', path: '/admin/dead-letters', follow: '/admin/dead-letters/letter/' },
  { name: 'dead-letters-replay', path: '/admin/dead-letters', follow: '/admin/dead-letters/replay' },
  { name: 'schedules', path: '/admin/schedules' },
  { name: 'schedule', path: '/admin/schedules', follow: '/admin/schedules/' },
  { name: 'documents', path: '/admin/documents' },
  { name: 'document', path: '/admin/documents', follow: '/admin/documents/' },
  { name: 'outbox', path: '/admin/outbox' },
  { name: 'mail', path: '/admin/outbox?status=sent&template=opportunity-reminder', follow: '/admin/outbox/' },
  { name: 'sync', path: '/admin/sync' },
  { name: 'sync-run', path: '/admin/sync', follow: '/admin/sync/' },
  { name: 'conversions', path: '/admin/conversions' },
  { name: 'conversion', path: '/admin/conversions?status=failed', follow: '/admin/conversions/' },
  { name: 'cer-reports', path: '/admin/cer-reports' },
  { name: 'cer-report', path: '/admin/cer-reports', follow: '/admin/cer-reports/' },
  { name: 'audit', path: '/admin/audit' },
  { name: 'mails', path: '/admin/mails' },
  { name: 'mail-preview', path: '/admin/mails', follow: '/admin/mails/weekly' },
];
