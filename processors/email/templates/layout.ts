import { compiled } from './compiled.ts';
import { parseTemplate, type Template, type View } from './template.ts';
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
  /** What fills the template's own part. */
  readonly view: View;
  /** The paragraphs of the text part, between the heading and the footer. */
  readonly text: readonly string[];
  /** Why the reader gets this mail. */
  readonly why: string;
  /** Where the reader ends these mails; absent for mails that cannot be ended. */
  readonly unsubscribe?: string | undefined;
  /** Base of links. */
  readonly appUrl: string;
}

export type TemplateName = keyof typeof compiled;

const parsed = new Map<TemplateName, Template>();

/** Fills a template and its frame: one column of at most 600 px that fits any phone. */
export function layout(name: TemplateName, parts: MailParts): RenderedMail {
  const { subject, preheader, heading, why, unsubscribe } = parts;
  const host = hostOf(parts.appUrl);
  const html = templateOf(name).fill({ ...parts.view, subject, preheader, heading, why, unsubscribe, host });
  const footer = [
    `-- \n${displayable(why)}`,
    ...(unsubscribe === undefined ? [] : [`Unsubscribe from these mails: ${unsubscribe}`]),
    host,
  ];
  return {
    subject,
    html,
    text: `${[displayable(heading), ...parts.text, footer.join('\n')].join('\n\n')}\n`,
  };
}

function templateOf(name: TemplateName): Template {
  let template = parsed.get(name);
  if (template === undefined) {
    template = parseTemplate(compiled[name]);
    parsed.set(name, template);
  }
  return template;
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : '';
}
