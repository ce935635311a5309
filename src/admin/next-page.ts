import { paths } from '../http/page-paths.ts';

const nowhere = 'http://millrace.invalid';

/** Where to go after the sign-in: a page under `/admin` of this very site, or the console's first one. */
export function nextPage(wanted: unknown): string {
  if (typeof wanted !== 'string' || wanted.length > 2_000 || !URL.canParse(wanted, nowhere))
    return paths.home;
  const { origin, pathname, search } = new URL(wanted, nowhere);
  const ours = origin === nowhere && (pathname === paths.home || pathname.startsWith(`${paths.home}/`));
  const loop = pathname.startsWith(paths.signIn) || pathname.startsWith(paths.signOut);
  return ours && !loop ? `${pathname}${search}` : paths.home;
}
