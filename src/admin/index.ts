import express, { Router } from 'express';
import type { OidcSettings } from '../access/oidc-discovery.ts';
import type { PasswordCheck } from '../access/passwords.ts';
import type { Access } from '../http/access.ts';
import { permit } from '../http/middleware/authenticate.ts';
import { boardHeaders } from '../http/middleware/security-headers.ts';
import type { Database } from '../integrations/database/port.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { boardAssets } from './board-assets.ts';
import { auditBoard } from './board-changes.ts';
import { boardOnDemand } from './board-on-demand.ts';
import { assets } from './console/assets.ts';
import { createFlash } from './console/flash.ts';
import { type ConsoleServices, consoleFiles, consolePages } from './console/pages/index.ts';
import { consoleRoutes } from './console/routes.ts';
import { createCookies } from './cookies.ts';
import { createEntrance } from './entrance.ts';
import { createFormTokens } from './form-tokens.ts';
import { guard } from './guard.ts';
import { identityProvider, oidcRoutes } from './oidc.ts';
import type { OneTimeLinks } from './one-time-links.ts';
import { sameOrigin } from './same-origin.ts';
import { createSessions } from './sessions.ts';
import { signInRoutes } from './sign-in.ts';
import { createSignInView } from './sign-in-view.ts';
import { signOutRoutes } from './sign-out.ts';

export interface AdminOptions {
  readonly appUrl: string;
  readonly production: boolean;
  readonly jwtSecret: string;
  readonly adminUser: string;
  readonly checkPassword: PasswordCheck | undefined;
  readonly links: OneTimeLinks | undefined;
  /** Absent: nobody signs in at an identity provider. */
  readonly oidc: OidcSettings | undefined;
  readonly access: Access;
  readonly queues: QueueManager;
  readonly database: Database;
  /** What the console's pages are about. */
  readonly console: ConsoleServices;
}

/** Forms by which people sign in are small; a page may hold a whole payload to edit, percent-encoded. */
const bodyLimits = { entrance: '20kb', console: '4mb' } as const;

/** Everything under `/admin`: sign-in, style, and behind them the board and the console. */
export function adminRoutes(options: AdminOptions): Router {
  const { appUrl, production, jwtSecret, access, queues } = options;
  const { tokens, trail, revoked } = access;
  const cookies = createCookies(production || appUrl.startsWith('https:'));
  const sessions = createSessions({ jwtSecret, rows: options.database.access.sessions, revoked });
  const forms = createFormTokens(jwtSecret, cookies);
  const router = Router();

  for (const { path, serve } of Object.values(assets)) router.get(path, serve);
  router.use(sameOrigin(appUrl));
  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  const entrance = createEntrance(trail, sessions, cookies);
  const provider = options.oidc === undefined ? undefined : identityProvider(options.oidc, appUrl);
  const { adminUser, checkPassword } = options;
  const withPassword = checkPassword !== undefined;
  const show = createSignInView({ adminUser, withPassword, withOidc: provider !== undefined, forms });
  router.use(['/sign-in', '/sign-out'], express.urlencoded({ extended: false, limit: bodyLimits.entrance }));
  if (provider !== undefined) {
    router.use('/sign-in/oidc', oidcRoutes({ provider, jwtSecret, cookies, entrance, show }));
  }
  router.use(signInRoutes({ ...options, ...access, entrance, forms, show }));
  const providerSignOut = async () => provider?.signOutUrl();
  router.use('/sign-out', signOutRoutes({ trail, sessions, cookies, forms, providerSignOut }));
  router.use(guard({ tokens, sessions, cookies }), permit('console.open'));
  router.use(
    '/queues',
    boardAssets(),
    boardHeaders(),
    auditBoard(trail),
    boardOnDemand(queues, options.console.jobs),
  );
  router.use(express.urlencoded({ extended: false, limit: bodyLimits.console }));
  router.use(
    consoleRoutes({
      trail,
      forms,
      flash: createFlash(jwtSecret, cookies),
      pages: consolePages(options.console),
      files: consoleFiles(options.console),
    }),
  );
  return router;
}
