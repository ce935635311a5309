import { Router } from 'express';

/** Files that the board's page is given beside its own, in its folder. */
export const scriptName = 'nonce.js';
export const styleName = 'refused.css';

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
