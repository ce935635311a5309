import { webLink } from './html.ts';
import { layout, type RenderedMail } from './layout.ts';
import { displayable, shorten } from './text.ts';

export interface WelcomeData {
  readonly name: string;
  readonly company: string | undefined;
  readonly appUrl: string;
}

/** Greets a new user and links to the app. */
export function renderWelcome({ name, company, appUrl }: WelcomeData): RenderedMail {
  const ready =
    company === undefined
      ? 'Your account is ready.'
      : `Your account is ready, and ${displayable(company)} is set as your company.`;
  const next = 'Save the opportunities that matter to you, and we will remind you before they close.';
  const appLink = webLink(appUrl);
  return layout('welcome', {
    subject: `Welcome, ${shorten(name, 60)}`,
    preheader: 'Your account is ready.',
    heading: `Welcome, ${displayable(name)}`,
    view: { ready, next, appLink },
    text: [ready, next, `Open the app: ${appLink ?? ''}`],
    why: 'You get this mail once, because an account was made for this address.',
    appUrl,
  });
}
