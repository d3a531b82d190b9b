// SPDX-License-Identifier: Apache-2.0
/**
 * Bodies of requests that must not get through, as data: `nginx-injection.json`. Each is a whole body to create a
 * resource with; `expect` is the field and code of a detail that the refusal (422 `VALIDATION_ERROR`) must hold, or
 * `accepted` for what looks dangerous and is harmless. Whoever drives the cases decides how: over HTTP, or as the
 * runner beside this file does.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Case {
  /** `A04-03`: the third of the cases of A04. */
  readonly id: string;
  readonly case: string;
  readonly resource: 'virtual_host' | 'upstream';
  readonly why?: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly expect: { readonly field: string; readonly code: string } | 'accepted';
}

/** What a body has when a case says nothing else; names are unique, so that all can go into one workspace. */
const base = (id: string): Record<Case['resource'], Readonly<Record<string, unknown>>> => ({
  virtual_host: { name: `Case ${id}`, server_name: `${id.toLowerCase()}.test`, listen_port: 8080 },
  upstream: { name: `case-${id.toLowerCase()}`, servers: [{ address: '127.0.0.1:9' }] },
});

export function injectionCases(): readonly Case[] {
  const file = join(import.meta.dirname, '..', '..', '..', 'test', 'corpus', 'nginx-injection.json');
  const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly Case[];
  return cases.map((one) => ({ ...one, body: { ...base(one.id)[one.resource], ...one.body } }));
}
