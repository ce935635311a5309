import { defineProcessor } from '../define.ts';
import { deliver } from './deliver.ts';
import { renderWelcome } from './templates/welcome.ts';

/** Greets a new user. Being asked for by the user's own sign-up, it bears no List-Unsubscribe header. */
export const sendWelcome = defineProcessor(
  'email',
  'send-welcome',
  ['mail', 'database', 'events', 'settings'],
  async (context) => {
    const { email, name, company } = context.data;
    const { appUrl } = context.services.settings;
    const rendered = renderWelcome({ name, company, appUrl });
    return deliver(context, { to: email, toName: name, category: 'welcome', ...rendered });
  },
);
