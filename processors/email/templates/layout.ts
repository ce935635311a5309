import { type Html, html, webLink } from './html.ts';
import { displayable } from './text.ts';

/** What a template makes of its data. */
export interface RenderedMail {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

export interface MailParts {
  readonly subject: string;
  /** The line that mail programs show behind the subject. */
  readonly preheader: string;
  readonly heading: string;
  readonly body: Html;
  /** The paragraphs of the text part, between the heading and the footer. */
  readonly text: readonly string[];
  /** Why the reader gets this mail. */
  readonly why: string;
  /** Base of links. */
  readonly appUrl: string;
}

// Colours keep a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3) on their grounds.
export const colours = {
  text: '#1d2733',
  quiet: '#52606d',
  link: '#0b5cad',
  warning: '#9a3412',
  line: '#dde3e9',
  page: '#f3f5f7',
  card: '#ffffff',
} as const;

const fonts = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/** Frames a mail: one column of at most 600 px that fits any phone, styles inline since many programs drop others. */
export function layout(parts: MailParts): RenderedMail {
  const host = hostOf(parts.appUrl);
  const source = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>${parts.subject}</title>
</head>
<body style="margin:0;padding:0;background:${colours.page};color:${colours.text};font-family:${fonts};font-size:16px;line-height:1.5;-webkit-text-size-adjust:100%">
<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0">${parts.preheader}</div>
<div style="max-width:600px;margin:0 auto;padding:16px 12px;box-sizing:border-box">
<div style="padding:4px 8px 12px;font-size:14px;color:${colours.quiet}">${host}</div>
<div style="background:${colours.card};border:1px solid ${colours.line};border-radius:8px;padding:24px 20px;overflow-wrap:anywhere">
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3;color:${colours.text}">${parts.heading}</h1>
${parts.body}
</div>
<p style="margin:0;padding:16px 8px;font-size:13px;color:${colours.quiet}">${parts.why}</p>
</div>
</body>
</html>
`;
  const text = [displayable(parts.heading), ...parts.text, `-- \n${displayable(parts.why)}\n${host}`];
  return { subject: parts.subject, html: source.toString(), text: `${text.join('\n\n')}\n` };
}

/** A link that looks like a button and is large enough for a thumb (44 px). */
export function button(label: string, address: string): Html {
  const href = webLink(address);
  if (href === undefined) return html`${label}`;
  return html`<a href="${href}" style="display:inline-block;padding:11px 20px;border-radius:6px;background:${colours.link};color:#ffffff;font-weight:600;text-decoration:none">${label}</a>`;
}

export function paragraph(text: string): Html {
  return html`<p style="margin:0 0 16px">${text}</p>`;
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : '';
}
