// SPDX-License-Identifier: Apache-2.0
import { invariant } from './never.js';

/** Categories of streams. Snake case without `-`: EventStoreDB takes what stands before the first `-`. */
export const CATEGORIES = [
  'organization',
  'workspace',
  'config',
  'agent',
  'user',
  'email',
  'slug',
  'session',
  'api_key',
  'username',
  'audit',
] as const;
export type Category = (typeof CATEGORIES)[number];

const stream =
  (category: Category) =>
  (id: string): string => {
    invariant(/^[a-z0-9-]{1,80}$/.test(id), `stream id of ${category}`);
    return `${category}-${id}`;
  };

/** The one place where stream names are made. */
export const streams = {
  organization: stream('organization'),
  workspace: stream('workspace'),
  config: stream('config'),
  agent: stream('agent'),
  user: stream('user'),
  email: stream('email'),
  slug: stream('slug'),
  session: stream('session'),
  api_key: stream('api_key'),
  username: stream('username'),
  audit: stream('audit'),
} as const satisfies Record<Category, (id: string) => string>;

export const categoryOf = (name: string): string => name.slice(0, name.indexOf('-'));

export const idOf = (name: string): string => name.slice(name.indexOf('-') + 1);
