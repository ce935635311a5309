import { defineProcessor } from '../define.ts';
import { deliver } from './deliver.ts';
import { renderSummary } from './templates/weekly-summary.ts';
import { unsubscribable } from './unsubscribe.ts';

/** Sums up a user's week. */
export const sendWeeklySummary = defineProcessor(
  'email',
  'send-weekly-summary',
  ['mail', 'database', 'events', 'links', 'settings'],
  async (context) => {
    const { userId: _, email, ...summary } = context.data;
    const { links, settings } = context.services;
    const { unsubscribe, terms } = unsubscribable(links, context.data, 'summaries');
    const rendered = renderSummary({ ...summary, unsubscribe, appUrl: settings.appUrl });
    return deliver(context, { to: email, category: 'weekly-summary', ...rendered, ...terms });
  },
);
