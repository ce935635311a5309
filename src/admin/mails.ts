import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../errors/catalogue.ts';
import { html } from '../http/html.ts';
import { framedHeaders, frameHeaders } from '../http/middleware/security-headers.ts';
import { paths } from '../http/page-paths.ts';
import { page } from './pages.ts';

/** A mail with sample data. */
export interface ShownMail {
  readonly name: string;
  readonly title: string;
  render(): { readonly subject: string; readonly html: string; readonly text: string };
}

const view = z.object({ view: z.enum(['html', 'text']).catch('html') });

/** Every template with sample data, each in a frame that can run and fetch nothing. */
export function mailPages(mails: readonly ShownMail[]): Router {
  const router = Router();
  const find = (name: unknown): ShownMail => {
    const mail = mails.find((known) => known.name === name);
    if (mail !== undefined) return mail;
    throw new MillraceError('NOT_FOUND', 'There is no mail of that name. /admin/mails lists them.');
  };

  router.get('/', (_request, response) => {
    response.send(
      page(
        'Mails',
        html`<h1>Mails</h1>
<p>Each template with sample data.</p>
<ul>${mails.map(({ name, title, render }) => html`<li><a href="${paths.mails}/${name}">${title}</a><br>${render().subject}</li>`)}</ul>
<p><a href="${paths.board}">Back to the queues</a></p>`,
        { wide: true },
      ),
    );
  });
  router.get('/:name', frameHeaders(), (request, response) => {
    const { name, title, render } = find(request.params.name);
    const mail = render();
    const asText = view.parse(request.query).view === 'text';
    const shown = asText
      ? html`<pre class="mail">${mail.text}</pre>`
      : html`<iframe class="mail" title="${title}" sandbox src="${paths.mails}/${name}/html"></iframe>`;
    response.send(
      page(
        title,
        html`<h1>${title}</h1>
<p>${mail.subject}</p>
<p><a href="${paths.mails}/${name}">As HTML</a> · <a href="${paths.mails}/${name}?view=text">As text</a> · <a href="${paths.mails}">All mails</a></p>
${shown}`,
        { wide: true },
      ),
    );
  });
  router.use('/:name/html', framedHeaders());
  router.get('/:name/html', (request, response) => {
    response.type('html').send(find(request.params.name).render().html);
  });
  return router;
}
