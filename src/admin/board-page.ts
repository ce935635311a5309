import type { AppViewRoute } from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';
import { Router } from 'express';
import { nonceOf } from '../http/middleware/security-headers.ts';
import { paths } from '../http/page-paths.ts';

const scriptName = 'nonce.js';
const styleName = 'refused.css';

/**
 * Runs before the board's scripts, which make style elements as they go: gives them the nonce of the page, without which
 * the policy would keep them out. It is handed over by the script's own element.
 */
const script = `(() => {
  const { nonce } = document.currentScript;
  const create = document.createElement;
  document.createElement = function (name, ...options) {
    const element = create.call(this, name, ...options);
    if (element.localName === 'style') element.nonce = nonce;
    return element;
  };
})();
`;

/**
 * The board offers to add jobs, to change what is in them and to throw a whole queue away, which `auditBoard` refuses to
 * all: a button that nobody may press is not shown. The board knows no role and no option for them, so they are told by
 * their icons.
 */
const style = `
[role='menuitem']:has(> .lucide-plus), [role='menuitem']:has(> .lucide-ban),
[class^='jobActions'] li:has(.lucide-files), [class^='jobActions'] li:has(.lucide-pencil), [class^='jobActions'] li:has(.lucide-list-x) { display: none; }
`;

/** What we add to the board's page. */
export function boardAssets(): Router {
  const router = Router();
  router.get(`/${styleName}`, (_request, response) => {
    response.set('Cache-Control', 'public, max-age=300').type('css').send(style);
  });
  router.get(`/${scriptName}`, (_request, response) => {
    response.set('Cache-Control', 'public, max-age=300').type('js').send(script);
  });
  return router;
}

/** Serves the board's page without what our policy refuses: the styles that stand in it, and fonts from elsewhere. */
export class PageAdapter extends ExpressAdapter {
  override setEntryRoute(route: AppViewRoute): this {
    this.app[route.method](route.route, (_request, response, next) => {
      const { name, params } = route.handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      response.render(name, params, (error: unknown, page: string) => {
        if (error) next(error);
        else response.send(withinPolicy(page, nonceOf(response)));
      });
    });
    return this;
  }
}

/** @throws Error when a new version of the board has a page that this does not know. */
function withinPolicy(page: string, nonce: string): string {
  const fitted = page
    .replace(/<link href="https:\/\/fonts\.[^>]*>/, '')
    .replace(/(<div id="root">)[\s\S]*<\/style>\s*(<\/div>)/, '$1$2')
    .replace(
      '<script defer',
      `<link rel="stylesheet" href="${paths.board}/${styleName}"><script src="${paths.board}/${scriptName}" nonce="${nonce}"></script><script defer`,
    );
  if (/<style|\sstyle=|\/\/fonts\.|\son\w+=/.test(fitted) || !fitted.includes(scriptName))
    throw new Error("The board's page is another than before: see src/admin/board-page.ts.");
  return fitted;
}
