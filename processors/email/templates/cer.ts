import { formatDeadline } from './deadlines.ts';
import { formatBytes } from './document.ts';
import { webLink } from './html.ts';
import { layout, type RenderedMail } from './layout.ts';
import { displayable, shorten } from './text.ts';

interface CerMail {
  readonly device: string;
  readonly reportId: string;
  readonly unsubscribe?: string;
  readonly appUrl: string;
}

export interface CompletedCerMail extends CerMail {
  readonly fileName: string;
  readonly bytes: number;
  readonly pages: number | undefined;
  readonly link: string;
  /** When the link ends, ISO 8601. */
  readonly expiresAt: string;
}

export interface FailedCerMail extends CerMail {
  readonly code: string;
  readonly message: string;
}

const why = 'You get this mail because this report was asked for with your address.';

/** Says that a clinical evaluation report is ready, with a link that expires. */
export function renderCompletedCer(data: CompletedCerMail): RenderedMail {
  const device = displayable(data.device);
  const intro = 'The clinical evaluation report that was asked for is ready.';
  const pages = data.pages === undefined ? '' : `, ${data.pages} ${data.pages === 1 ? 'page' : 'pages'}`;
  const facts = `${displayable(data.fileName)}, ${formatBytes(data.bytes)}${pages}`;
  const expiry = `The link works until ${formatDeadline(data.expiresAt)}. Report ${data.reportId}.`;
  const documentLink = webLink(data.link);
  return layout('document', {
    subject: `Ready: clinical evaluation report, ${shorten(device, 80)}`,
    preheader: facts,
    heading: 'Your report is ready',
    view: { intro, title: device, facts, documentLink, expiry },
    text: [intro, `${device}\n${facts}`, `Download: ${documentLink ?? ''}\n${expiry}`],
    why,
    unsubscribe: data.unsubscribe,
    appUrl: data.appUrl,
  });
}

/** Says that a report could not be made, and why. */
export function renderFailedCer(data: FailedCerMail): RenderedMail {
  const device = displayable(data.device);
  const intro = 'The clinical evaluation report that was asked for could not be made.';
  const facts = `${data.code}: ${shorten(data.message, 400)}`;
  const next = `Report ${data.reportId}. Nothing of the request is lost: operators find its job among the dead letters and can replay it.`;
  return layout('document', {
    subject: `Failed: clinical evaluation report, ${shorten(device, 80)}`,
    preheader: facts,
    heading: 'Your report could not be made',
    view: { intro, title: device, facts, documentLink: undefined, expiry: next },
    text: [intro, `${device}\n${facts}`, next],
    why,
    unsubscribe: data.unsubscribe,
    appUrl: data.appUrl,
  });
}
