import type { AppViewRoute } from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';
import { nonceOf } from '../http/middleware/security-headers.ts';
import { paths } from '../http/page-paths.ts';
import { scriptName, styleName } from './board-assets.ts';

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
