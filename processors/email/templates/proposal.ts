import type { ParsedPayload } from '../../../queues/index.ts';
import { webLink } from './html.ts';
import { layout, type RenderedMail } from './layout.ts';
import { displayable, shorten } from './text.ts';

type Notification = Omit<ParsedPayload<'email', 'send-proposal-notification'>['data'], 'userId' | 'email'>;

export interface ProposalData extends Notification {
  readonly unsubscribe?: string;
  readonly appUrl: string;
}

interface Wording {
  readonly subject: (title: string) => string;
  readonly heading: string;
  readonly what: (actor: string | undefined, status: string) => string;
}

const wordings: Readonly<Record<Notification['event'], Wording>> = {
  submitted: {
    subject: (title) => `Submitted: ${title}`,
    heading: 'Proposal submitted',
    what: (actor) =>
      actor === undefined ? 'Your proposal was submitted.' : `${actor} submitted this proposal.`,
  },
  'status-changed': {
    subject: (title) => `New status: ${title}`,
    heading: 'The status has changed',
    what: (actor, status) =>
      actor === undefined ? `The status is now ${status}.` : `${actor} set the status to ${status}.`,
  },
  comment: {
    subject: (title) => `New comment: ${title}`,
    heading: 'New comment',
    what: (actor) =>
      actor === undefined ? 'Your proposal has a new comment.' : `${actor} commented on your proposal.`,
  },
  awarded: {
    subject: (title) => `Awarded: ${title}`,
    heading: 'Your proposal was awarded',
    what: () => 'Congratulations: the contract goes to you.',
  },
  rejected: {
    subject: (title) => `Not selected: ${title}`,
    heading: 'Your proposal was not selected',
    what: () => 'Another offer was chosen. You may ask the agency for a debriefing.',
  },
};

/** Tells what happened to a proposal, with the comment if there is one. */
export function renderProposal(data: ProposalData): RenderedMail {
  const { proposal, event, appUrl } = data;
  const wording = wordings[event];
  const actor = data.actor === undefined ? undefined : displayable(data.actor);
  const what = wording.what(actor, displayable(proposal.status));
  const lines = linesOf(data.comment ?? '');
  const proposalLink = webLink(`${appUrl}/proposals/${encodeURIComponent(proposal.id)}`);
  return layout('proposal', {
    subject: wording.subject(shorten(proposal.title, 90)),
    preheader: what,
    heading: wording.heading,
    view: {
      what,
      title: proposal.title,
      status: proposal.status,
      comment: lines.length > 0,
      lines: lines.map((line) => ({ line })),
      proposalLink,
    },
    text: [
      what,
      `${displayable(proposal.title)}\nStatus: ${displayable(proposal.status)}`,
      ...(lines.length === 0 ? [] : [lines.map((line) => `> ${line}`.trimEnd()).join('\n')]),
      `Open the proposal: ${proposalLink ?? ''}`,
    ],
    why: 'You get this mail because you work on this proposal.',
    unsubscribe: data.unsubscribe,
    appUrl,
  });
}

/** A comment keeps its lines; each is cleaned by itself. */
function linesOf(comment: string): string[] {
  return comment.trim() === ''
    ? []
    : comment
        .trim()
        .split(/\r\n?|\n/)
        .map(displayable);
}
