// SPDX-License-Identifier: Apache-2.0
import type { AddLocation, CreateVirtualHost, Header, Listen, Location } from '../../schemas/index.js';

/** Names in nginx's form: lower case, one space between; given as one string or as a list. */
export function joinNames(input: string | readonly string[]): string {
  const text = typeof input === 'string' ? input : input.join(' ');
  return text
    .split(/[ \t]+/)
    .filter((name) => name !== '')
    .map((name) => name.toLowerCase())
    .join(' ');
}

// These name the client and its request to whoever stands behind a proxy; a client has no use for them.
const REQUEST_HEADER = /^(x-forwarded-.*|x-real-ip|forwarded|host)$/i;

const completeHeader = (header: NonNullable<AddLocation['custom_headers']>[number]): Header => ({
  name: header.name,
  value: header.value,
  always: header.always ?? false,
  applies_to: header.applies_to ?? (REQUEST_HEADER.test(header.name) ? 'request' : 'response'),
});

export const completeListen = (input: NonNullable<CreateVirtualHost['listens']>[number]): Listen => ({
  address: input.address ?? '0.0.0.0',
  port: input.port,
  ssl: input.ssl ?? false,
});

/** A location with every field; what was left out gets nginx's default. */
export const completeLocation = (input: AddLocation): Location => ({
  path: input.path,
  proxy_pass: input.proxy_pass ?? null,
  upstream_id: input.upstream_id ?? null,
  root: input.root ?? null,
  index: input.index ?? null,
  custom_headers: (input.custom_headers ?? []).map(completeHeader),
  rewrite_rules: (input.rewrite_rules ?? []).map((rule) => ({ ...rule, flag: rule.flag ?? 'last' })),
  custom_directives: input.custom_directives ?? [],
});
