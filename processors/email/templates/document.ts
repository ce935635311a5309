import { formatDeadline } from './deadlines.ts';
import { webLink } from './html.ts';
import { layout, type RenderedMail } from './layout.ts';
import { displayable, shorten } from './text.ts';

export interface DocumentMailData {
  readonly title: string;
  readonly fileName: string;
  readonly bytes: number;
  readonly pages: number | undefined;
  readonly attached: boolean;
  readonly link: string;
  /** When the link ends, ISO 8601. */
  readonly expiresAt: string;
  readonly unsubscribe?: string;
  readonly appUrl: string;
}

/** Says that a document is ready, with a link that expires. */
export function renderDocument(data: DocumentMailData): RenderedMail {
  const title = displayable(data.title);
  const intro = data.attached
    ? 'It is attached to this mail, and can also be downloaded.'
    : 'It can be downloaded.';
  const pages = data.pages === undefined ? '' : `, ${data.pages} ${data.pages === 1 ? 'page' : 'pages'}`;
  const facts = `${displayable(data.fileName)}, ${formatBytes(data.bytes)}${pages}`;
  const expiry = `The link works until ${formatDeadline(data.expiresAt)}.`;
  const documentLink = webLink(data.link);
  return layout('document', {
    subject: `Ready: ${shorten(title, 90)}`,
    preheader: facts,
    heading: 'Your document is ready',
    view: { intro, title, facts, documentLink, expiry },
    text: [intro, `${title}\n${facts}`, `Download: ${documentLink ?? ''}\n${expiry}`],
    why: 'You get this mail because this document was made for you.',
    unsubscribe: data.unsubscribe,
    appUrl: data.appUrl,
  });
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
