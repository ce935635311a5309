import { may, type Principal } from '../../access/roles.ts';
import type { Fault } from '../../errors/catalogue.ts';
import { html, type Markup } from '../../http/html.ts';
import { paths } from '../../http/page-paths.ts';
import { assets } from './assets.ts';
import { elsewhere, type NavigationEntry, navigation } from './navigation.ts';
import type { ConsolePage, Crumb } from './page.ts';

/** Where an entry of the navigation leads, and what one must be allowed to be shown it. */
export interface Destination extends Pick<ConsolePage, 'permission'> {
  readonly nav: NavigationEntry;
  readonly href: string;
}

/** The first page of each entry, which is the one that needs no more than its name. */
export function destinationsOf(pages: readonly ConsolePage[]): readonly Destination[] {
  const own = pages
    .filter(({ path }) => !path.includes(':'))
    .map(({ nav, path, permission }) => ({
      nav,
      permission,
      href: path === '/' ? paths.home : `${paths.home}${path}`,
    }));
  return [...own, ...elsewhere.map((entry) => ({ ...entry, permission: 'console.open' as const }))];
}

export interface Frame {
  readonly title: string;
  readonly nav: NavigationEntry | undefined;
  readonly crumbs: readonly Crumb[];
  readonly principal: Principal;
  readonly destinations: readonly Destination[];
  /** What came of the change before, shown once. */
  readonly notice: string | undefined;
  readonly fault: { readonly message: string; readonly details?: readonly Fault[] } | undefined;
  readonly body: Markup;
}

/** What stands around every page of the console. */
export function layout(frame: Frame): string {
  const { title, principal, notice, fault, body } = frame;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${title} · Millrace</title>
<link rel="stylesheet" href="${assets.style.href}">
<script src="${assets.script.href}" defer></script>
</head>
<body class="console">
<a class="skip" href="#content">Skip to the content</a>
<header class="bar"><a class="brand" href="${paths.home}">Millrace</a>
<p class="who"><span><bdi>${principal.name ?? principal.subject}</bdi> <small>${principal.role}</small></span> <a href="${paths.signOut}">Sign out</a></p></header>
${sidebar(frame)}
<main id="content" tabindex="-1">
${trail(frame)}
<h1>${title}</h1>
${notice === undefined ? undefined : html`<p class="notice" role="status">${notice}</p>`}
${fault === undefined ? undefined : faultBox(fault)}
${body}
</main>
</body>
</html>
`.text;
}

function sidebar({ nav, destinations, principal }: Frame): Markup {
  const groups = navigation.map(({ group, entries }) => {
    const links = entries.flatMap((entry) => {
      const found = destinations.find((each) => each.nav === entry && may(principal.role, each.permission));
      return found === undefined
        ? []
        : [
            html`<li><a href="${found.href}"${entry === nav ? html` aria-current="page"` : undefined}>${entry}</a></li>`,
          ];
    });
    return links.length === 0 ? html`` : html`<li><span class="group">${group}</span><ul>${links}</ul></li>`;
  });
  return html`<nav class="main" aria-label="Console"><ul>${groups}</ul></nav>`;
}

function trail({ title, nav, crumbs }: Frame): Markup | undefined {
  if (nav === 'Overview' && crumbs.length === 0) return undefined;
  const steps = [{ label: 'Overview', href: paths.home }, ...crumbs].map(
    ({ label, href }) => html`<li><a href="${href}">${label}</a></li>`,
  );
  return html`<nav class="crumbs" aria-label="Where you are"><ol>${steps}<li aria-current="page">${title}</li></ol></nav>`;
}

function faultBox({ message, details = [] }: NonNullable<Frame['fault']>): Markup {
  const list = details.map(({ path, message: text }) => html`<li><code>${path}</code>: ${text}</li>`);
  return html`<div class="fault" role="alert"><p>${message}</p>${details.length === 0 ? undefined : html`<ul>${list}</ul>`}</div>`;
}
