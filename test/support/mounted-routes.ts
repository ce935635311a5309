import express from 'express';
import { vi } from 'vitest';

/**
 * Notes all that is mounted from now on. Answers every route with its whole path, as the document writes it.
 */
export function recordMounts(): () => string[] {
  const { prototype } = express.Router;
  const routes = new Map<object, { route: { path: unknown; methods: object } }[]>();
  const children = new Map<object, { path: string; router: object }[]>();
  const addRoute = prototype.route;
  const addUse = prototype.use;
  vi.spyOn(prototype, 'route').mockImplementation(function (this: object, path: unknown) {
    const route = addRoute.call(this, path);
    routes.set(this, [...(routes.get(this) ?? []), { route }]);
    return route;
  });
  vi.spyOn(prototype, 'use').mockImplementation(function (this: object, ...parts: unknown[]) {
    const [first] = parts;
    const path = typeof first === 'string' ? first : '';
    for (const router of parts.flat(3)) {
      if (typeof router === 'function') children.set(this, [...(children.get(this) ?? []), { path, router }]);
    }
    return addUse.apply(this, parts);
  });
  const below = (router: object, prefix: string): string[] => [
    ...(routes.get(router) ?? []).flatMap(({ route }) =>
      Object.keys(route.methods).map((method) => `${method} ${addressOf(`${prefix}${route.path}`)}`),
    ),
    ...(children.get(router) ?? []).flatMap((child) => below(child.router, prefix + child.path)),
  ];
  return () => {
    // The board, below `/admin`, is an app of its own.
    const roots = [...children.keys()].filter((router) =>
      children.get(router)?.some(({ path }) => path === '/health'),
    );
    return [...new Set(roots.flatMap((root) => below(root, '')))];
  };
}

function addressOf(path: string): string {
  return path.replace(/(.)\/$/, '$1').replaceAll(/:(\w+)/g, '{$1}');
}
