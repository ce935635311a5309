import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../errors/catalogue.ts';
import type { MailKind, Users } from '../../integrations/database/port.ts';
import { parse } from '../answer.ts';
import { html, type Markup } from '../html.ts';
import { paths } from '../page-paths.ts';
import type { UnsubscribeLinks } from '../unsubscribe-links.ts';

export const unsubscribeAddress = z.object({ token: z.string().min(1).max(2_000) });

const names: Readonly<Record<MailKind, string>> = {
  reminders: 'reminders of opportunities that close soon',
  summaries: 'weekly summaries',
  proposals: 'notifications about proposals',
  documents: 'documents and reports by mail',
};

/**
 * Where people end one kind of mail. GET only asks, since mail scanners follow links; POST does it, without cookie or
 * sign-in, for people and for the one click of their mail program (RFC 8058). Again is harmless.
 */
export function unsubscribeRoutes(users: Users, links: UnsubscribeLinks): Router {
  const router = Router();
  const personOf = (parameters: unknown) => {
    const person = links.read(parse(unsubscribeAddress, parameters, 'address').token);
    if (person !== undefined) return person;
    throw new MillraceError(
      'FORBIDDEN',
      'This link is not ours or is not whole. Use the one in the latest mail, or change what you get in the app.',
    );
  };

  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store').set('Referrer-Policy', 'no-referrer');
    next();
  });
  router.get('/:token', (request, response) => {
    const { email, kind } = personOf(request.params);
    response.send(
      page(
        'Unsubscribe',
        html`<p>Press the button, and ${email} gets no more ${names[kind]}.</p>
<form method="post"><button>Unsubscribe</button></form>`,
      ),
    );
  });
  router.post('/:token', async (request, response) => {
    const person = personOf(request.params);
    await users.unsubscribe(person);
    response.send(
      page(
        'Unsubscribed',
        html`<p>${person.email} gets no more ${names[person.kind]} from now on.</p>
<p>If that was a mistake, change what you get in the app.</p>`,
      ),
    );
  });
  return router;
}

function page(title: string, body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="stylesheet" href="${paths.style}">
</head>
<body><main><h1>${title}</h1>
${body}</main></body>
</html>
`.text;
}
