// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, type TSchema, Type } from '../schemas/index.js';

export const DEFAULT_PER_PAGE = 20;

/** Query parameters of every list; spread into the list's own query schema. */
export const pagingQuery = {
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 })),
  per_page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: DEFAULT_PER_PAGE })),
};

export const pageOf = <T extends TSchema>(item: T) =>
  closed({
    data: Type.Array(item),
    meta: closed({
      page: Type.Integer({ minimum: 1 }),
      per_page: Type.Integer({ minimum: 1, maximum: 100 }),
      total: Type.Integer({ minimum: 0 }),
    }),
  });

/** The same with where the next page begins: what comes meanwhile does not move it. Null at the end. */
export const pageWithCursorOf = <T extends TSchema>(item: T) => {
  const { data, meta } = pageOf(item).properties;
  return closed({ data, meta: closed({ ...meta.properties, next_cursor: nullable(Type.String()) }) });
};

export interface Window {
  readonly page: number;
  readonly perPage: number;
  readonly offset: number;
}

export function windowOf(query: { page?: number; per_page?: number }): Window {
  const page = query.page ?? 1;
  const perPage = query.per_page ?? DEFAULT_PER_PAGE;
  return { page, perPage, offset: (page - 1) * perPage };
}

/**
 * A list's answer: `{data, meta}` and a `Link` with first, prev, next and last. The links are relative and made from the
 * route's own path and the checked query, never from what the caller sent as host or address.
 */
export function pageAnswer(
  request: { path: string; query: unknown },
  window: Window,
  found: { items: readonly unknown[]; total: number },
): { body: unknown; headers: Record<string, string> } {
  const last = Math.max(1, Math.ceil(found.total / window.perPage));
  const link = (page: number, rel: string): string => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
      query.set(name, String(value));
    }
    query.set('page', String(page));
    query.set('per_page', String(window.perPage));
    return `<${request.path}?${query.toString()}>; rel="${rel}"`;
  };
  const links = [link(1, 'first')];
  if (window.page > 1) {
    links.push(link(Math.min(window.page - 1, last), 'prev'));
  }
  if (window.page < last) {
    links.push(link(window.page + 1, 'next'));
  }
  links.push(link(last, 'last'));
  return {
    body: {
      data: found.items,
      meta: { page: window.page, per_page: window.perPage, total: found.total },
    },
    headers: { Link: links.join(', ') },
  };
}
