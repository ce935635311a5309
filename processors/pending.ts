import type { PendingJobs } from './define.ts';

/**
 * Jobs that are defined but that nothing does yet: adding one is refused with JOB_UNAVAILABLE. When a processor
 * comes, its name leaves this list; until both are done, it does not compile.
 */
export const pending = {
  email: [
    'send-proposal-notification',
    'send-weekly-summary',
    'send-document',
    'dispatch-reminders',
    'dispatch-weekly-summaries',
  ],
  document: [
    'export-data',
    'process-attachment',
    'generate-compliance-matrix',
    'render-cer',
    'convert-pdf',
    'dispatch-weekly-reports',
  ],
  sync: ['refresh-analytics', 'cleanup-data'],
} as const satisfies PendingJobs;

export type Pending = typeof pending;
