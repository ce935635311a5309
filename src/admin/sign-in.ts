import express, { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { may, permissions, type Role, type SignInWay } from '../access/roles.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { parse } from '../http/answer.ts';
import { contextOf } from '../http/context.ts';
import { limitTries } from '../http/middleware/rate-limits.ts';
import { paths } from '../http/page-paths.ts';
import type { Tokens } from '../http/tokens.ts';
import { type Cookies, formCookie, sessionCookie } from './cookies.ts';
import type { FormTokens } from './form-tokens.ts';
import { nextPage } from './next-page.ts';
import type { OneTimeLinks } from './one-time-links.ts';
import { onwardPage, signInPage, signOutPage } from './pages.ts';
import type { PasswordCheck } from './passwords.ts';
import type { Sessions } from './sessions.ts';

export interface SignInOptions {
  readonly adminUser: string;
  readonly checkPassword: PasswordCheck | undefined;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly cookies: Cookies;
  readonly forms: FormTokens;
  /** Absent in production. */
  readonly links: OneTimeLinks | undefined;
}

const common = { formToken: z.string().min(1).max(100), next: z.string().max(2_000).optional() };
const signInForm = z.union(
  [
    z.strictObject({ ...common, user: z.string().max(200), password: z.string().max(1_000) }),
    z.strictObject({ ...common, token: z.string().trim().max(8_000) }),
  ],
  { error: 'needs user and password, or a token' },
);
const signOutForm = z.strictObject({ formToken: common.formToken });

interface Person {
  readonly subject: string;
  readonly role: Role;
  readonly via: SignInWay;
  readonly notAfter?: Date;
}

/** The ways in and out of `/admin`: password, token, one-time link. */
export function signInRoutes(options: SignInOptions): Router {
  const { adminUser, checkPassword, tokens, sessions, cookies, forms, links } = options;
  const router = Router();

  const show = (request: Request, response: Response, next: unknown, fault?: string) => {
    const formToken = forms.issue(request, response);
    const withPassword = checkPassword !== undefined;
    response.send(
      signInPage({
        formToken,
        next: nextPage(next),
        user: adminUser,
        withPassword,
        ...(fault === undefined ? {} : { fault }),
      }),
    );
  };

  const letIn = async (request: Request, response: Response, person: Person) => {
    const { value, expiresAt } = await sessions.open(person, person.notAfter);
    cookies.set(request, response, sessionCookie, value, expiresAt);
    cookies.clear(request, response, formCookie);
    contextOf(request).log.info({ subject: person.subject, role: person.role }, 'Signed in');
  };

  router.use(express.urlencoded({ extended: false, limit: '20kb' }));

  router.get('/sign-in', (request, response) => show(request, response, request.query.next));

  router.post('/sign-in', requireForm(forms), limitTries(userOf));
  router.post('/sign-in', async (request, response) => {
    const form = parse(signInForm, request.body, 'form');
    const person =
      'token' in form
        ? await byToken(tokens, form.token)
        : await byPassword(checkPassword, form.user, form.password);
    if (typeof person === 'string') {
      contextOf(request).log.warn({ address: request.ip }, 'A sign-in was refused');
      response.status(401);
      return show(request, response, form.next, person);
    }
    await letIn(request, response, person);
    response.redirect(303, nextPage(form.next));
  });

  router.get('/sign-in/:secret', async (request, response) => {
    // Whoever only looks at the head of the answer must not use the link up.
    if (links === undefined || request.method === 'HEAD' || !links.redeem(request.params.secret)) {
      response.status(403);
      return show(
        request,
        response,
        undefined,
        'This link was used before, or is older than 15 minutes. Start the platform anew for another.',
      );
    }
    await letIn(request, response, { subject: adminUser, role: 'admin', via: 'link' });
    response.send(onwardPage(paths.board));
  });

  router.get('/sign-out', async (request, response) => {
    const principal = await sessionOf(request, options);
    if (principal === undefined) response.redirect(303, paths.signIn);
    else response.send(signOutPage(forms.issue(request, response), principal.subject));
  });

  router.post('/sign-out', requireForm(forms), async (request, response) => {
    parse(signOutForm, request.body, 'form');
    const principal = await sessionOf(request, options);
    if (principal !== undefined) sessions.close(principal);
    cookies.clear(request, response, sessionCookie);
    cookies.clear(request, response, formCookie);
    response.redirect(303, paths.signIn);
  });

  return router;
}

function requireForm(forms: FormTokens): express.RequestHandler {
  return (request, _response, next) => {
    const parsed = z.object({ formToken: common.formToken }).safeParse(request.body);
    if (parsed.success && forms.check(request, parsed.data.formToken)) return next();
    next(new MillraceError('FORBIDDEN', 'The form is out of date, or cookies are off. Open the page again.'));
  };
}

/** Tokens cannot be guessed, so all tries by token count together. */
function userOf(request: Request): string {
  const parsed = z.object({ user: z.string() }).safeParse(request.body);
  return parsed.success ? parsed.data.user.slice(0, 200) : '';
}

async function byPassword(
  check: PasswordCheck | undefined,
  user: string,
  password: string,
): Promise<Person | string> {
  if (check === undefined) return 'No password is set here: set ADMIN_PASSWORD, or use a token.';
  if (!(await check(user, password))) return 'User or password are wrong.';
  return { subject: user, role: 'admin', via: 'password' };
}

async function byToken(tokens: Tokens, token: string): Promise<Person | string> {
  try {
    const { subject, role, expiresAt } = await tokens.verify(token);
    if (!may(role, 'console.open')) {
      return `This needs the role ${permissions['console.open'].roles.join(' or ')}; the token says ${role}.`;
    }
    return { subject, role, via: 'token', notAfter: expiresAt };
  } catch (error) {
    if (error instanceof MillraceError) return error.message;
    throw error;
  }
}

async function sessionOf(request: Request, { cookies, sessions }: SignInOptions) {
  const value = cookies.read(request, sessionCookie);
  return value === undefined ? undefined : sessions.read(value);
}
