import { type Request, Router } from 'express';
import { z } from 'zod';
import type { AuditTrail } from '../access/audit-trail.ts';
import type { Principal } from '../access/roles.ts';
import { parse } from '../http/answer.ts';
import { originOf } from '../http/middleware/audit.ts';
import { paths } from '../http/page-paths.ts';
import { type Cookies, formCookie, sessionCookie } from './cookies.ts';
import { type FormTokens, formToken, requireForm } from './form-tokens.ts';
import { signedOutPage, signOutPage } from './pages.ts';
import type { Sessions } from './sessions.ts';

export interface SignOutOptions {
  readonly trail: AuditTrail;
  readonly sessions: Sessions;
  readonly cookies: Cookies;
  readonly forms: FormTokens;
  /** Where people end their session at the identity provider, if there is one. */
  readonly providerSignOut: () => Promise<string | undefined>;
}

const signOutForm = z.strictObject({ formToken, everywhere: z.literal('yes').optional() });

/** The way out: of this browser, or of all in which one has signed in. */
export function signOutRoutes({ trail, sessions, cookies, forms, providerSignOut }: SignOutOptions): Router {
  const router = Router();

  const sessionOf = async (request: Request): Promise<Principal | undefined> => {
    const value = cookies.read(request, sessionCookie);
    return value === undefined ? undefined : sessions.read(value);
  };

  router.get('/', async (request, response) => {
    const principal = await sessionOf(request);
    if (principal === undefined) response.redirect(303, paths.signIn);
    else {
      const name = principal.name ?? principal.subject;
      response.send(signOutPage(forms.issue(request, response), name, principal.role));
    }
  });

  router.post('/', requireForm(forms), async (request, response) => {
    const { everywhere } = parse(signOutForm, request.body, 'form');
    const principal = await sessionOf(request);
    if (principal !== undefined) {
      const { subject, name, role, via } = principal;
      await trail.during(
        {
          subject,
          name,
          role,
          via,
          action: everywhere === undefined ? 'sign-out' : 'sign-out-everywhere',
          object: `session:${principal.sessionId}`,
          ...originOf(request),
        },
        async () => {
          if (everywhere === undefined) await sessions.close(principal);
          else await sessions.closeAll(principal);
        },
      );
    }
    cookies.clear(request, response, sessionCookie);
    cookies.clear(request, response, formCookie);
    const elsewhere = principal?.via === 'oidc' ? await providerSignOut() : undefined;
    if (elsewhere === undefined) response.redirect(303, paths.signIn);
    else response.send(signedOutPage(elsewhere));
  });

  return router;
}
