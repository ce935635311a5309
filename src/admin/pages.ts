import { html, type Markup } from '../http/html.ts';
import { paths } from '../http/page-paths.ts';

interface PageOptions {
  /** Where to go on to by itself. */
  readonly refresh?: string;
}

function page(title: string, body: Markup, { refresh }: PageOptions = {}): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${refresh === undefined ? undefined : html`<meta http-equiv="refresh" content="0; url=${refresh}">`}
<title>${title} · Millrace</title>
<link rel="stylesheet" href="${paths.style}">
</head>
<body><main>${body}</main></body>
</html>
`.text;
}

export interface SignInPage {
  readonly formToken: string;
  /** Where to go afterwards; checked to be a page of ours. */
  readonly next: string;
  readonly user: string;
  readonly withPassword: boolean;
  /** There is an identity provider. */
  readonly withOidc: boolean;
  readonly fault?: string;
}

export function signInPage({ formToken, next, user, withPassword, withOidc, fault }: SignInPage): string {
  const hidden = html`<input type="hidden" name="formToken" value="${formToken}"><input type="hidden" name="next" value="${next}">`;
  const password = html`<form method="post" action="${paths.signIn}">${hidden}
<label for="user">User</label>
<input id="user" name="user" value="${user}" autocomplete="username" maxlength="200" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1000" required>
<button>Sign in</button>
</form>
<h2>Or with a token</h2>`;
  const token = html`<form method="post" action="${paths.signIn}">${hidden}
<label for="token">Token of a viewer, operator or admin</label>
<textarea id="token" name="token" rows="4" maxlength="8000" autocomplete="off" spellcheck="false" aria-describedby="token-hint" required></textarea>
<small id="token-hint">An admin makes one: <code>millrace token create</code></small>
<button>Sign in with the token</button>
</form>`;
  const provider = html`<p><a class="button" href="${paths.oidc}?next=${encodeURIComponent(next)}">Sign in at your identity provider</a></p>
${withPassword ? html`<h2>Or with a password</h2>` : html`<h2>Or with a token</h2>`}`;
  const body = html`<h1>Sign in to Millrace</h1>
<p>Queues, jobs and dead letters.</p>
${fault === undefined ? undefined : html`<p class="fault" role="alert">${fault}</p>`}
${withOidc ? provider : undefined}
${withPassword ? password : undefined}
${token}`;
  return page('Sign in', body);
}

export function signOutPage(formToken: string, name: string, role: string): string {
  return page(
    'Sign out',
    html`<h1>Sign out</h1>
<p>You are signed in as ${name}, with the role ${role}.</p>
<form method="post" action="${paths.signOut}"><input type="hidden" name="formToken" value="${formToken}">
<button>Sign out</button>
<button class="quiet" name="everywhere" value="yes">Sign out in all browsers</button>
</form>
<p><a href="${paths.home}">Back to the overview</a></p>`,
  );
}

/** Whoever signed out here may still be signed in where they came from. */
export function signedOutPage(providerUrl: string): string {
  return page(
    'Signed out',
    html`<h1>Signed out</h1>
<p>You are signed out of Millrace. At your identity provider you are still signed in.</p>
<p><a href="${providerUrl}">Sign out there, too</a></p>
<p><a href="${paths.signIn}">Sign in again</a></p>`,
  );
}

/** Goes on by itself: a strict cookie is not sent along a redirect that another site began, but with this it is. */
export function onwardPage(to: string): string {
  return page('One moment', html`<h1>One moment</h1><p><a href="${to}">Go on to the page</a></p>`, {
    refresh: to,
  });
}

/** What was asked for, when it could not be done. */
export interface Refused {
  readonly status: number;
  readonly message: string;
  /** For those who run the platform, who are told where to go on. */
  readonly inAdmin?: {
    /** It was a change; the page that it was to be made on is asked for again. */
    readonly change: boolean;
    /** Of that page, checked to be one of ours. */
    readonly address: string;
  };
}

export function faultPage({ status, message, inAdmin }: Refused): string {
  return page(
    'That did not work',
    html`<h1>That did not work</h1>
<p class="fault" role="alert">${message}</p>
${inAdmin === undefined ? undefined : html`${back(status, inAdmin)}<p><a href="${paths.home}">To the overview</a></p>`}`,
  );
}

function back(status: number, { change, address }: NonNullable<Refused['inAdmin']>): Markup | undefined {
  if (status === 401)
    return html`<p><a href="${paths.signIn}?next=${encodeURIComponent(address)}">Sign in</a></p>`;
  if (status === 404 && !change) return undefined;
  return html`<p><a href="${address}">${change ? 'Back to the page' : 'Try again'}</a></p>`;
}
