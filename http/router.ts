// SPDX-License-Identifier: Apache-2.0
import Router from '@koa/router';
import type { Context, Next } from 'koa';
import { METHODS, type Route } from './route.js';

type Run = (ctx: Context) => Promise<void>;

export interface RouteTable {
  readonly run: (ctx: Context, next: Next) => Promise<unknown>;
  /** The methods of a path; none when there is no such path. */
  methodsAt(path: string): string[];
}

/** No parameter takes a slash in. */
const depthOf = (path: string): number => path.split('/').length;

/**
 * Finds the route of a request. The router tries its patterns one after the other: it gets those alone that have as many
 * parts as the path.
 */
export function routeTable(routes: readonly Route[], runOf: (route: Route) => Run): RouteTable {
  const routers = new Map<number, Router>();
  const middleware = new Map<number, ReturnType<Router['routes']>>();
  for (const route of routes) {
    const depth = depthOf(route.path);
    const router = routers.get(depth) ?? new Router({ strict: true, sensitive: true });
    routers.set(depth, router);
    router.register(route.path.replaceAll(/\{([a-z_]+)\}/g, ':$1'), [route.method], runOf(route));
  }
  for (const [depth, router] of routers) {
    middleware.set(depth, router.routes());
  }
  return {
    run: (ctx, next) => {
      const found = middleware.get(depthOf(ctx.path));
      return found ? Promise.resolve(found(ctx as Parameters<typeof found>[0], next)) : next();
    },
    methodsAt: (path) => {
      const router = routers.get(depthOf(path));
      const allowed = METHODS.filter((method) => router?.match(path, method).route).flatMap((method) =>
        method === 'GET' ? ['GET', 'HEAD'] : [method],
      );
      return allowed.length === 0 ? [] : [...allowed, 'OPTIONS'];
    },
  };
}
