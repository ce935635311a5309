import { createHash } from 'node:crypto';
import type { RequestHandler } from 'express';
import { paths } from '../../http/page-paths.ts';
import { stylesheet } from '../stylesheet.ts';
import { script } from './script.ts';
import { consoleStyle } from './style.ts';

interface Asset {
  readonly path: string;
  /** With what it holds in its address: browsers may keep it for ever. */
  readonly href: string;
  readonly serve: RequestHandler;
}

/** What pages load: one style sheet, one script. */
export const assets = {
  style: asset('style.css', 'css', `${stylesheet}${consoleStyle}`),
  script: asset('console.js', 'js', script),
} as const;

function asset(name: string, type: string, content: string): Asset {
  const version = createHash('sha256').update(content).digest('base64url').slice(0, 12);
  return {
    path: `/${name}`,
    href: `${paths.home}/${name}?v=${version}`,
    serve: (request, response) => {
      const life = request.query.v === version ? 'max-age=31536000, immutable' : 'max-age=300';
      response.set('Cache-Control', `public, ${life}`).type(type).send(content);
    },
  };
}
