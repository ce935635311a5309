import { Router } from 'express';
import type { AuditTrail } from '../access/audit-trail.ts';
import { permit } from '../http/middleware/authenticate.ts';
import { boardHeaders } from '../http/middleware/security-headers.ts';
import type { Tokens } from '../http/tokens.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { createBoard } from './board.ts';
import { auditBoard } from './board-changes.ts';
import { createCookies } from './cookies.ts';
import { createFormTokens } from './form-tokens.ts';
import { guard } from './guard.ts';
import { mailPages, type ShownMail } from './mails.ts';
import type { OneTimeLinks } from './one-time-links.ts';
import type { PasswordCheck } from './passwords.ts';
import { sameOrigin } from './same-origin.ts';
import { createSessions } from './sessions.ts';
import { signInRoutes } from './sign-in.ts';
import { stylesheet } from './stylesheet.ts';

export interface AdminOptions {
  readonly appUrl: string;
  readonly production: boolean;
  readonly jwtSecret: string;
  readonly adminUser: string;
  readonly checkPassword: PasswordCheck | undefined;
  readonly links: OneTimeLinks | undefined;
  readonly tokens: Tokens;
  readonly queues: QueueManager;
  readonly trail: AuditTrail;
  /** Every mail with sample data. */
  readonly mailPreviews: readonly ShownMail[];
}

/** Everything under `/admin`: sign-in, style, and behind them the board. */
export function adminRoutes(options: AdminOptions): Router {
  const { appUrl, production, jwtSecret, tokens, queues, trail } = options;
  const cookies = createCookies(production || appUrl.startsWith('https:'));
  const sessions = createSessions(jwtSecret);
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
  router.use(signInRoutes({ ...options, cookies, sessions, forms }));
  router.use(guard({ tokens, sessions, cookies }), permit('console.open'));
  router.get('/', (_request, response) => response.redirect(303, '/admin/queues'));
  router.use('/mails', mailPages(options.mailPreviews));
  router.use('/queues', boardHeaders(), auditBoard(trail), createBoard(queues));
  return router;
}
