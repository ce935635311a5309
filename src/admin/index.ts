import express, { Router } from 'express';
import type { PasswordCheck } from '../access/passwords.ts';
import type { Access } from '../http/access.ts';
import { permit } from '../http/middleware/authenticate.ts';
import { boardHeaders } from '../http/middleware/security-headers.ts';
import type { Database } from '../integrations/database/port.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { createBoard } from './board.ts';
import { auditBoard } from './board-changes.ts';
import { createCookies } from './cookies.ts';
import { createEntrance } from './entrance.ts';
import { createFormTokens } from './form-tokens.ts';
import { guard } from './guard.ts';
import { mailPages, type ShownMail } from './mails.ts';
import type { OneTimeLinks } from './one-time-links.ts';
import { sameOrigin } from './same-origin.ts';
import { createSessions } from './sessions.ts';
import { signInRoutes } from './sign-in.ts';
import { signOutRoutes } from './sign-out.ts';
import { stylesheet } from './stylesheet.ts';

export interface AdminOptions {
  readonly appUrl: string;
  readonly production: boolean;
  readonly jwtSecret: string;
  readonly adminUser: string;
  readonly checkPassword: PasswordCheck | undefined;
  readonly links: OneTimeLinks | undefined;
  readonly access: Access;
  readonly queues: QueueManager;
  readonly database: Database;
  /** Every mail with sample data. */
  readonly mailPreviews: readonly ShownMail[];
}

/** Everything under `/admin`: sign-in, style, and behind them the board. */
export function adminRoutes(options: AdminOptions): Router {
  const { appUrl, production, jwtSecret, access, queues } = options;
  const { tokens, trail, revoked } = access;
  const cookies = createCookies(production || appUrl.startsWith('https:'));
  const sessions = createSessions({ jwtSecret, rows: options.database.access.sessions, revoked });
  const forms = createFormTokens(jwtSecret, cookies);
  const router = Router();

  router.get('/style.css', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=3600').type('css').send(stylesheet);
  });
  router.use(sameOrigin(appUrl));
  router.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  const entrance = createEntrance(trail, sessions, cookies);
  router.use(express.urlencoded({ extended: false, limit: '20kb' }));
  router.use(signInRoutes({ ...options, ...access, entrance, forms }));
  router.use('/sign-out', signOutRoutes({ trail, sessions, cookies, forms }));
  router.use(guard({ tokens, sessions, cookies }), permit('console.open'));
  router.get('/', (_request, response) => response.redirect(303, '/admin/queues'));
  router.use('/mails', mailPages(options.mailPreviews));
  router.use('/queues', boardHeaders(), auditBoard(trail), createBoard(queues));
  return router;
}
