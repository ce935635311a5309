import { defineProcessor } from '../define.ts';
import { deliver } from './deliver.ts';
import { renderProposal } from './templates/proposal.ts';
import { unsubscribable } from './unsubscribe.ts';

/** Tells a user what happened to a proposal. */
export const sendProposalNotification = defineProcessor(
  'email',
  'send-proposal-notification',
  ['mail', 'database', 'events', 'links', 'settings'],
  async (context) => {
    const { userId: _, email, ...notification } = context.data;
    const { links, settings } = context.services;
    const { unsubscribe, terms } = unsubscribable(links, context.data, 'proposals');
    const rendered = renderProposal({ ...notification, unsubscribe, appUrl: settings.appUrl });
    return deliver(context, { to: email, category: 'proposal-notification', ...rendered, ...terms });
  },
);
