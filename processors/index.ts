import type { Processors } from './define.ts';
import { generateReport } from './document/generate-report.ts';
import { sendReminder } from './email/send-reminder.ts';
import { sendWelcome } from './email/send-welcome.ts';
import { enhanceStory } from './story-enhancement/enhance-story.ts';
import { samGovSync } from './sync/sam-gov-sync.ts';

export { pending } from './pending.ts';

/** How every job is done. A new job is a file beside these and a line here; without the line it does not compile. */
export const processors: Processors = {
  email: {
    'send-welcome': sendWelcome,
    'send-reminder': sendReminder,
  },
  document: {
    'generate-report': generateReport,
  },
  sync: {
    'sam-gov-sync': samGovSync,
  },
  'story-enhancement': {
    'enhance-story': enhanceStory,
  },
};
