import { z } from 'zod';
import { MillraceError } from '../../../errors/catalogue.ts';
import { html } from '../../../http/html.ts';
import { framedHeaders } from '../../../http/middleware/security-headers.ts';
import { paths } from '../../../http/page-paths.ts';
import { type ConsoleFile, type ConsolePage, definePage } from '../page.ts';
import { table } from '../parts/table.ts';
import { block, text } from '../parts/values.ts';
import { framed, tabs } from '../parts/ways.ts';

/** A mail with sample data. */
export interface ShownMail {
  readonly name: string;
  readonly title: string;
  render(): { readonly subject: string; readonly html: string; readonly text: string };
}

export interface MailPreviewServices {
  /** Every mail with sample data. */
  readonly mailPreviews: readonly ShownMail[];
}

const address = z.object({ name: z.string().max(100) });
const view = z.object({ view: z.enum(['html', 'text']).catch('html') });

/** Every template with sample data. */
export function mailPreviewPages({ mailPreviews }: MailPreviewServices): ConsolePage[] {
  const list = definePage({
    path: '/mails',
    title: 'Mails preview',
    nav: 'Mails preview',
    permission: 'console.open',
    async render() {
      return {
        body: table({
          caption: 'Each template with sample data',
          empty: 'There are no templates.',
          rows: mailPreviews,
          columns: [
            {
              head: 'Mail',
              names: true,
              cell: ({ name, title }) => html`<a href="${paths.mails}/${name}">${title}</a>`,
            },
            { head: 'Subject', cell: (mail) => text(mail.render().subject) },
          ],
        }),
      };
    },
  });

  const show = definePage({
    path: '/mails/:name',
    title: 'Mail',
    nav: 'Mails preview',
    permission: 'console.open',
    params: address,
    query: view,
    frames: true,
    async render({ params, query }) {
      const { name, title, render } = find(mailPreviews, params.name);
      const mail = render();
      const here = `${paths.mails}/${name}`;
      const asText = query.view === 'text';
      return {
        title,
        crumbs: [{ label: 'Mails preview', href: paths.mails }],
        body: html`<p>${text(mail.subject)}</p>
${tabs('Part of the mail', [
  { label: 'HTML', href: here, current: !asText },
  { label: 'Text', href: `${here}?view=text`, current: asText },
])}
${asText ? block(mail.text, title) : framed(`${here}/html`, title)}`,
      };
    },
  });

  return [list, show];
}

/** Each in a frame that can run and fetch nothing. */
export function mailPreviewFiles({ mailPreviews }: MailPreviewServices): ConsoleFile[] {
  return [
    {
      path: '/mails/:name/html',
      permission: 'console.open',
      handlers: [
        ...framedHeaders(),
        (request, response) => {
          response.type('html').send(find(mailPreviews, String(request.params.name)).render().html);
        },
      ],
    },
  ];
}

function find(mails: readonly ShownMail[], name: string): ShownMail {
  const mail = mails.find((known) => known.name === name);
  if (mail !== undefined) return mail;
  throw new MillraceError('NOT_FOUND', 'There is no mail of that name. /admin/mails lists them.');
}
