import { defineProcessor } from '../define.ts';
import { deliver } from './deliver.ts';
import { renderReminder } from './templates/reminder.ts';

/** One mail with the saved opportunities that close soon. */
export const sendReminder = defineProcessor(
  'email',
  'send-reminder',
  ['mail', 'database', 'events', 'settings'],
  async (context) => {
    const { email, opportunities } = context.data;
    const { appUrl } = context.services.settings;
    const rendered = renderReminder({ opportunities, appUrl });
    return deliver(context, { to: email, category: 'opportunity-reminder', ...rendered });
  },
);
