import { type Request, type Response, Router } from 'express';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { type Departure, IdentityProvider } from '../access/oidc.ts';
import type { OidcSettings } from '../access/oidc-discovery.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { contextOf } from '../http/context.ts';
import { deriveKey } from '../http/keys.ts';
import { paths } from '../http/page-paths.ts';
import { type Cookies, departureCookie } from './cookies.ts';
import type { Entrance } from './entrance.ts';
import { nextPage } from './next-page.ts';
import { onwardPage } from './pages.ts';
import type { ShowSignIn } from './sign-in-view.ts';

/** How long one may take at the provider. */
const awayMinutes = 10;
const audience = 'millrace-oidc';

const remembered = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  next: z.string(),
});

/** The provider, with the address that people come back to: `OIDC_ISSUER` has to know exactly this one. */
export function identityProvider(settings: OidcSettings, appUrl: string): IdentityProvider {
  return new IdentityProvider(settings, `${appUrl.replace(/\/+$/, '')}${paths.oidc}/callback`);
}

export interface OidcRoutesOptions {
  readonly provider: IdentityProvider;
  readonly jwtSecret: string;
  readonly cookies: Cookies;
  readonly entrance: Entrance;
  readonly show: ShowSignIn;
}

/** The way in by an identity provider: there, and back. */
export function oidcRoutes({ provider, jwtSecret, cookies, entrance, show }: OidcRoutesOptions): Router {
  const key = deriveKey(jwtSecret, 'oidc');
  const router = Router();

  router.get('/', async (request, response) => {
    const next = nextPage(request.query.next);
    try {
      const { url, departure } = await provider.depart();
      const expiresAt = new Date(Date.now() + awayMinutes * 60_000);
      const value = await new SignJWT({ ...departure, next })
        .setProtectedHeader({ alg: 'HS256' })
        .setAudience(audience)
        .setExpirationTime(expiresAt)
        .sign(key);
      // The way back is a link from another site: with a strict cookie they would be strangers.
      cookies.setForReturn(request, response, departureCookie, value, expiresAt);
      response.redirect(303, url.href);
    } catch (error) {
      await explain(request, response, next, error);
    }
  });

  router.get('/callback', async (request, response) => {
    // Whoever only looks at the head of the answer must not use the code up.
    if (request.method === 'HEAD') return void response.status(405).set('Allow', 'GET').end();
    const departure = await departureOf(cookies.read(request, departureCookie), key);
    cookies.clear(request, response, departureCookie);
    const next = nextPage(departure?.next);
    try {
      if (departure === undefined) {
        const message = `This sign-in was begun in another browser, or more than ${awayMinutes} minutes ago. Sign in again.`;
        throw new MillraceError('OIDC_REFUSED', message);
      }
      const { subject, name, role } = await provider.arrive(queryOf(request), departure);
      if (role === undefined) {
        await entrance.turnAway(request, { subject, via: 'oidc', reason: 'no role' });
        response.status(403);
        return show(request, response, next, noRole(name ?? subject));
      }
      const who = name === undefined ? { subject } : { subject, name };
      await entrance.letIn(request, response, { ...who, role, via: 'oidc' });
      response.send(onwardPage(next));
    } catch (error) {
      await explain(request, response, next, error);
    }
  });

  /** Says on the sign-in page what went wrong, where the other ways in are. */
  async function explain(request: Request, response: Response, next: string, error: unknown): Promise<void> {
    if (!(error instanceof MillraceError) || !error.code.startsWith('OIDC_')) throw error;
    contextOf(request).log.warn(
      { err: error, cause: error.cause },
      'A sign-in at the identity provider failed',
    );
    if (error.code === 'OIDC_REFUSED') {
      await entrance.turnAway(request, { via: 'oidc', reason: 'answer of the provider not taken' });
    }
    response.status(error.status);
    show(request, response, next, error.message);
  }

  return router;
}

function noRole(name: string): string {
  return `You are signed in at the identity provider as ${name}, but have no role here. Ask whoever looks after the accounts there for one that OIDC_ROLES knows.`;
}

async function departureOf(
  cookie: string | undefined,
  key: Uint8Array,
): Promise<(Departure & { readonly next: string }) | undefined> {
  if (cookie === undefined) return undefined;
  try {
    const { payload } = await jwtVerify(cookie, key, { algorithms: ['HS256'], audience });
    return remembered.safeParse(payload).data;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function queryOf({ originalUrl }: Request): string {
  const at = originalUrl.indexOf('?');
  return at < 0 ? '' : originalUrl.slice(at);
}
