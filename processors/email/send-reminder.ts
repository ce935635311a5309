import { defineProcessor } from '../define.ts';
import { deliver } from './deliver.ts';
import { renderReminder } from './templates/reminder.ts';
import { unsubscribable } from './unsubscribe.ts';

/** One mail with the saved opportunities that close soon. */
export const sendReminder = defineProcessor(
  'email',
  'send-reminder',
  ['mail', 'database', 'events', 'links', 'settings'],
  async (context) => {
    const { email, opportunities } = context.data;
    const { links, settings } = context.services;
    const { unsubscribe, terms } = unsubscribable(links, context.data, 'reminders');
    const rendered = renderReminder({ opportunities, unsubscribe, appUrl: settings.appUrl });
    return deliver(context, { to: email, category: 'opportunity-reminder', ...rendered, ...terms });
  },
);
