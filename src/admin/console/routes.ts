import { type Request, type Response, Router } from 'express';
import type { AuditTrail } from '../../access/audit-trail.ts';
import { may } from '../../access/roles.ts';
import { MillraceError } from '../../errors/catalogue.ts';
import { contextOf, principalOf } from '../../http/context.ts';
import { html } from '../../http/html.ts';
import { entryOf } from '../../http/middleware/audit.ts';
import { permit, requirePermission } from '../../http/middleware/authenticate.ts';
import { consoleHeaders } from '../../http/middleware/security-headers.ts';
import type { FormTokens } from '../form-tokens.ts';
import { requireForm } from '../form-tokens.ts';
import type { Flash } from './flash.ts';
import { type Destination, destinationsOf, layout } from './layout.ts';
import type { Action, ConsoleFile, ConsolePage, FailedForm, Question, Shown, View } from './page.ts';
import { actionForm } from './parts/forms.ts';

export interface ConsoleOptions {
  readonly trail: AuditTrail;
  readonly forms: FormTokens;
  readonly flash: Flash;
  readonly pages: readonly ConsolePage[];
  readonly files: readonly ConsoleFile[];
}

/** The fields of a form that are the console's own affair. */
const confirmed = 'confirmed';
const own = new Set(['formToken', confirmed]);

/** Mounts the pages, their actions and their files. Whoever comes here has been let in. */
export function consoleRoutes({ trail, forms, flash, pages, files }: ConsoleOptions): Router {
  const router = Router();
  const destinations = destinationsOf(pages);

  for (const page of pages) {
    const show = createShow({ page, destinations, forms, flash });
    const headers = consoleHeaders({ frames: page.frames === true });
    router.get(page.path, headers, async (request, response) => {
      const address = addressOf(request);
      try {
        requirePermission(request, response, page.permission);
        await show(request, response, address);
      } catch (error) {
        if (!isForPeople(error, request)) throw error;
        response.status(error.status);
        await show(request, response, address, { done: refusal(error, page, address) });
      }
    });

    for (const [name, action] of Object.entries(page.actions ?? {})) {
      const path = `${page.path === '/' ? '' : page.path}/do/${name}`;
      router.post(path, requireForm(forms), headers, async (request, response) => {
        const address = addressOf(request).replace(/\/do\/[^/?]+(?=\?|$)/, '');
        const values = fieldsOf(request);
        try {
          const planned = action.plan({ ...request.params }, withoutEmpty(values));
          if (planned.question !== undefined && values[confirmed] === undefined) {
            requirePermission(request, response, action.permission);
            await show(request, response, address, {
              ask: { action: name, question: planned.question, values },
            });
            return;
          }
          const { correlationId } = contextOf(request);
          const done = await trail.during(entryOf(request, action.audit, planned.object), (note) => {
            requirePermission(request, response, action.permission);
            return planned.run({ principal: principalOf(request), correlationId, note });
          });
          if ('shown' in done) return await show(request, response, address, { done: done.shown });
          flash.set(request, response, done.notice);
          response.redirect(303, done.to ?? address);
        } catch (error) {
          // What was typed is not lost: the page comes again with it, and says what is wrong.
          if (!(error instanceof MillraceError) || error.status >= 500 || error.status === 403) throw error;
          response.status(error.status);
          const { message, details = [] } = error;
          await show(request, response, address, { failed: { action: name, values, message, details } });
        }
      });
    }
  }
  for (const { path, permission, handlers } of files) router.get(path, permit(permission), ...handlers);
  // What is nowhere is said within the console, whose navigation leads on.
  router.get('*rest', consoleHeaders({ frames: false }), (request, response, next) => {
    const error = new MillraceError(
      'NOT_FOUND',
      `There is no page at ${request.originalUrl.split('?', 1)[0]}.`,
    );
    if (!isForPeople(error, request)) return next(error);
    const { title, body } = refusal(error, undefined, '');
    const frame = { nav: undefined, crumbs: [], notice: undefined, fault: undefined };
    response
      .status(404)
      .type('html')
      .send(layout({ ...frame, title, body, principal: principalOf(request), destinations }));
  });
  return router;
}

/** What people can do something about is told within the console; what is our fault, or the store's, by a page of its own. */
function isForPeople(error: unknown, request: Request): error is MillraceError {
  return error instanceof MillraceError && error.status < 500 && request.accepts(['json', 'html']) === 'html';
}

/** Why a page is not shown, and where to go on. */
function refusal(
  { message, status }: MillraceError,
  page: ConsolePage | undefined,
  address: string,
): Shown & { readonly title: string } {
  const [path = '', query] = address.split('?', 2);
  return {
    title: status === 404 ? 'Not there' : status === 403 ? 'Not for you' : 'That did not work',
    crumbs: [],
    body: html`<div class="fault" role="alert"><p>${message}</p></div>
${query === undefined || page === undefined ? undefined : html`<p><a href="${path}">${page.title} without what was asked for</a></p>`}`,
  };
}

interface Aside {
  /** What an action shows, instead of the page itself. */
  readonly done?: Shown;
  readonly failed?: FailedForm;
  readonly ask?: {
    readonly action: string;
    readonly question: Question;
    readonly values: Readonly<Record<string, string>>;
  };
}

interface ShowParts extends Pick<ConsoleOptions, 'forms' | 'flash'> {
  readonly page: ConsolePage;
  readonly destinations: readonly Destination[];
}

function createShow({ page, destinations, forms, flash }: ShowParts) {
  return async (request: Request, response: Response, address: string, { failed, ask, done }: Aside = {}) => {
    const principal = principalOf(request);
    const actionAt = (name: string) => actionAddress(address, name);
    const view: View<unknown, unknown> = {
      params: { ...request.params },
      query: withoutEmpty({ ...request.query }),
      principal,
      now: new Date(),
      address,
      failed,
      may: (permission) => may(principal.role, permission),
      form(name, options) {
        const action = actionOf(page, name);
        if (!may(principal.role, action.permission)) return undefined;
        return actionForm(actionAt(name), forms.issue(request, response), options);
      },
    };
    const shown: Shown =
      done ?? (ask === undefined ? await page.render(view) : question(view, ask, page.title));
    const notice = flash.take(request, response);
    if (shown.status !== undefined) response.status(shown.status);
    response.type('html').send(
      layout({
        title: shown.title ?? page.title,
        nav: page.nav,
        crumbs: shown.crumbs ?? [],
        principal,
        destinations,
        notice,
        fault: failed,
        body: shown.body,
      }),
    );
  };
}

/** Asks before something is done that cannot be undone; what the form said is sent again with the yes. */
function question(
  view: View<unknown, unknown>,
  { action, question: { question: text, yes }, values }: NonNullable<Aside['ask']>,
  title: string,
): Shown {
  return {
    title: 'Are you sure?',
    crumbs: [{ label: title, href: view.address }],
    body: html`<p>${text}</p><div class="buttons">${view.form(action, {
      label: yes,
      tone: 'danger',
      hidden: { ...values, [confirmed]: 'yes' },
    })} <a href="${view.address}">No, go back</a></div>`,
  };
}

function actionOf(page: ConsolePage, name: string): Action {
  const action = page.actions?.[name];
  if (action === undefined) throw new Error(`The page "${page.title}" has no action "${name}".`);
  return action;
}

/** As the browser wrote it: path parameters stay encoded. */
function addressOf(request: Request): string {
  const address = request.originalUrl;
  return address.length > 1 ? address.replace(/\/(?=\?|$)/, '') : address;
}

function actionAddress(address: string, name: string): string {
  const [path = '', query] = address.split('?', 2);
  return `${path}/do/${name}${query === undefined ? '' : `?${query}`}`;
}

/** The texts of a form; a field that comes twice is joined by commas. */
function fieldsOf(request: Request): Record<string, string> {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(
    Object.entries(body)
      .filter(([name]) => name !== 'formToken')
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)]),
  );
}

function withoutEmpty(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== '' && !own.has(name)));
}
