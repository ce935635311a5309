import { renderCompletedCer, renderFailedCer } from './templates/cer.ts';
import { renderDocument } from './templates/document.ts';
import type { RenderedMail } from './templates/layout.ts';
import { renderProposal } from './templates/proposal.ts';
import { renderReminder } from './templates/reminder.ts';
import { renderSummary } from './templates/weekly-summary.ts';
import { renderWelcome } from './templates/welcome.ts';

/** A mail with invented data, to be looked at. */
export interface MailPreview {
  readonly name: string;
  readonly title: string;
  render(): RenderedMail;
}

const opportunities = [
  {
    noticeId: '5f0c1d2e',
    title: 'Infusion pumps with five years of maintenance',
    agency: 'Department of Veterans Affairs',
    deadline: '2027-01-15T17:00:00Z',
    url: 'https://sam.gov/opp/5f0c1d2e/view',
  },
  {
    noticeId: '9a8b7c6d',
    title: 'Surgical gloves, sterile, for three hospitals',
    agency: 'Department of Health and Human Services',
    deadline: '2027-01-13',
    url: 'https://sam.gov/opp/9a8b7c6d/view',
  },
];
/** How the proposal of each mail stands. */
const statuses = {
  submitted: 'submitted',
  'status-changed': 'under review',
  comment: 'under review',
  awarded: 'awarded',
  rejected: 'rejected',
} as const;

/** Every template with sample data, once for each of its faces. */
export function mailPreviews(appUrl: string): readonly MailPreview[] {
  const common = { appUrl, unsubscribe: `${appUrl}/unsubscribe/sample` };
  const notify = (event: keyof typeof statuses) =>
    preview(`proposal-${event}`, `Proposal: ${event}`, () =>
      renderProposal({
        ...common,
        proposal: { id: 'proposal-7', title: 'Infusion pumps, lot 2', status: statuses[event] },
        event,
        actor: 'Grace Hopper',
        ...(event === 'comment' ? { comment: 'Section L wants five references.\nWe have four.' } : {}),
      }),
    );
  return [
    preview('welcome', 'Welcome', () =>
      renderWelcome({ name: 'Ada Lovelace', company: 'Analytical Engines', appUrl }),
    ),
    preview('reminder', 'Reminder', () => renderReminder({ ...common, opportunities })),
    notify('submitted'),
    notify('status-changed'),
    notify('comment'),
    notify('awarded'),
    notify('rejected'),
    preview('weekly-summary', 'Weekly summary', () =>
      renderSummary({
        ...common,
        weekStart: '2027-01-04',
        totals: {
          newOpportunities: 128,
          closingSoon: 17,
          proposalsSubmitted: 3,
          awarded: { amount: '1250000.50', currency: 'USD' },
        },
        topOpportunities: opportunities,
        deadlines: opportunities.map(({ title, deadline }) => ({ title, deadline })),
      }),
    ),
    preview('document', 'Document', () =>
      renderDocument({
        ...common,
        title: 'Weekly report',
        fileName: 'weekly-report.pdf',
        bytes: 184_320,
        pages: 6,
        attached: true,
        link: `${appUrl}/files/sample/weekly-report.pdf`,
        expiresAt: '2027-01-18T08:00:00Z',
      }),
    ),
    preview('cer-completed', 'Clinical evaluation report, ready', () =>
      renderCompletedCer({
        ...common,
        device: 'Aurelia V2 volumetric infusion pump',
        reportId: '7d0c5b1e-6f2a-4c1e-9a57-0d7c2f5b9e11',
        fileName: 'clinical-evaluation-report.pdf',
        bytes: 994_816,
        pages: 26,
        link: `${appUrl}/files/sample/clinical-evaluation-report.pdf`,
        expiresAt: '2027-01-18T08:00:00Z',
      }),
    ),
    preview('cer-failed', 'Clinical evaluation report, failed', () =>
      renderFailedCer({
        ...common,
        device: 'Aurelia V2 volumetric infusion pump',
        reportId: '7d0c5b1e-6f2a-4c1e-9a57-0d7c2f5b9e11',
        code: 'STORAGE_FAILED',
        message: 'The file storage did not take the file: the disk is full.',
      }),
    ),
  ];
}

function preview(name: string, title: string, render: () => RenderedMail): MailPreview {
  return { name, title, render };
}
