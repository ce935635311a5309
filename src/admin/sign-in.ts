import { type Request, Router } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';
import { z } from 'zod';
import type { PasswordCheck } from '../access/passwords.ts';
import { may, permissions } from '../access/roles.ts';
import type { Tokens } from '../access/tokens.ts';
import type { TryLimits } from '../access/try-limits.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { parse } from '../http/answer.ts';
import { paths } from '../http/page-paths.ts';
import type { Entrance, TurnedAway } from './entrance.ts';
import { type FormTokens, formToken, requireForm } from './form-tokens.ts';
import { nextPage } from './next-page.ts';
import type { OneTimeLinks } from './one-time-links.ts';
import { onwardPage } from './pages.ts';
import type { Person } from './sessions.ts';
import type { ShowSignIn } from './sign-in-view.ts';

export interface SignInOptions {
  readonly adminUser: string;
  readonly checkPassword: PasswordCheck | undefined;
  readonly tokens: Tokens;
  readonly tries: TryLimits;
  readonly entrance: Entrance;
  readonly forms: FormTokens;
  readonly show: ShowSignIn;
  /** Absent in production. */
  readonly links: OneTimeLinks | undefined;
}

const common = { formToken, next: z.string().max(2_000).optional() };
const signInForm = z.union(
  [
    z.strictObject({ ...common, user: z.string().max(200), password: z.string().max(1_000) }),
    z.strictObject({ ...common, token: z.string().trim().max(8_000) }),
  ],
  { error: 'needs user and password, or a token' },
);

type Verdict = { readonly person: Person } | { readonly message: string; readonly turnedAway: TurnedAway };

/** The ways in by our own form: password, token, one-time link. */
export function signInRoutes(options: SignInOptions): Router {
  const { adminUser, tries, entrance, forms, links, show } = options;
  const router = Router();

  router.get('/sign-in', (request, response) => show(request, response, request.query.next));

  router.post('/sign-in', requireForm(forms), async (request, response) => {
    const form = parse(signInForm, request.body, 'form');
    const attempt = { address: addressOf(request), user: 'token' in form ? '' : form.user };
    await tries.take(attempt);
    const verdict =
      'token' in form
        ? await byToken(options.tokens, form.token)
        : await byPassword(options, form.user, form.password);
    if ('message' in verdict) {
      await entrance.turnAway(request, verdict.turnedAway);
      response.status(401);
      return show(request, response, form.next, verdict.message);
    }
    await tries.forget(attempt);
    await entrance.letIn(request, response, verdict.person);
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
    await entrance.letIn(request, response, { subject: adminUser, role: 'admin', via: 'link' });
    response.send(onwardPage(paths.board));
  });

  return router;
}

/** An IPv6 host owns a whole network, so its network counts. */
function addressOf(request: Request): string {
  return request.ip === undefined ? 'unknown' : ipKeyGenerator(request.ip);
}

async function byPassword(
  { checkPassword, adminUser }: SignInOptions,
  user: string,
  password: string,
): Promise<Verdict> {
  const known = user === adminUser ? { subject: adminUser } : {};
  const refuse = (message: string, reason: string): Verdict => ({
    message,
    turnedAway: { ...known, via: 'password', reason },
  });
  if (checkPassword === undefined) {
    return refuse('No password is set here: set ADMIN_PASSWORD, or use a token.', 'no password is set');
  }
  if (!(await checkPassword(user, password))) {
    return refuse('User or password are wrong.', 'wrong user or password');
  }
  return { person: { subject: user, role: 'admin', via: 'password' } };
}

async function byToken(tokens: Tokens, token: string): Promise<Verdict> {
  try {
    const { subject, role, expiresAt, tokenId } = await tokens.verify(token);
    if (!may(role, 'console.open')) {
      return {
        message: `This needs the role ${permissions['console.open'].roles.join(' or ')}; the token says ${role}.`,
        turnedAway: { subject, via: 'token', reason: `role ${role}` },
      };
    }
    const person = { subject, role, via: 'token', notAfter: expiresAt } as const;
    return { person: tokenId === undefined ? person : { ...person, tokenId } };
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'UNAUTHENTICATED') throw error;
    return { message: error.message, turnedAway: { via: 'token', reason: 'token not valid' } };
  }
}
