import type { Processors } from './define.ts';
import { convertPdf } from './document/convert-pdf.ts';
import { dispatchWeeklyReports } from './document/dispatch-weekly-reports.ts';
import { exportData } from './document/export-data.ts';
import { generateComplianceMatrix } from './document/generate-compliance-matrix.ts';
import { generateReport } from './document/generate-report.ts';
import { processAttachment } from './document/process-attachment.ts';
import { renderCer } from './document/render-cer.ts';
import { dispatchReminders } from './email/dispatch-reminders.ts';
import { dispatchWeeklySummaries } from './email/dispatch-weekly-summaries.ts';
import { sendCerNotification } from './email/send-cer-notification.ts';
import { sendCerWebhook } from './email/send-cer-webhook.ts';
import { sendDocument } from './email/send-document.ts';
import { sendProposalNotification } from './email/send-proposal-notification.ts';
import { sendReminder } from './email/send-reminder.ts';
import { sendWeeklySummary } from './email/send-weekly-summary.ts';
import { sendWelcome } from './email/send-welcome.ts';
import { enhanceStory } from './story-enhancement/enhance-story.ts';
import { cleanupData } from './sync/cleanup-data.ts';
import { refreshAnalytics } from './sync/refresh-analytics.ts';
import { samGovSync } from './sync/sam-gov-sync.ts';

export { pending } from './pending.ts';

/** How every job is done. A new job is a file beside these and a line here; without the line it does not compile. */
export const processors: Processors = {
  email: {
    'send-welcome': sendWelcome,
    'send-reminder': sendReminder,
    'send-proposal-notification': sendProposalNotification,
    'send-weekly-summary': sendWeeklySummary,
    'send-document': sendDocument,
    'send-cer-notification': sendCerNotification,
    'send-cer-webhook': sendCerWebhook,
    'dispatch-reminders': dispatchReminders,
    'dispatch-weekly-summaries': dispatchWeeklySummaries,
  },
  document: {
    'generate-report': generateReport,
    'export-data': exportData,
    'dispatch-weekly-reports': dispatchWeeklyReports,
    'process-attachment': processAttachment,
    'generate-compliance-matrix': generateComplianceMatrix,
    'render-cer': renderCer,
    'convert-pdf': convertPdf,
  },
  sync: {
    'sam-gov-sync': samGovSync,
    'refresh-analytics': refreshAnalytics,
    'cleanup-data': cleanupData,
  },
  'story-enhancement': {
    'enhance-story': enhanceStory,
  },
};
