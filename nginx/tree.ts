// SPDX-License-Identifier: Apache-2.0
import type { DirectiveName } from './grammar.js';
import type { Provenance } from './model.js';
import type { Part } from './variables.js';

/** A number with a unit as nginx reads it. */
export interface Quantity {
  readonly value: number;
  readonly unit: '' | 'k' | 'm' | 'ms' | 's' | 'h' | 'd';
}

/** Everything that can stand behind a directive's name. What is free text is quoted; what is not is checked. */
export type Arg =
  /** A keyword of nginx, from the grammar or from our own code. */
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'quantity'; readonly quantity: Quantity }
  /** `name=value` with a number: `weight=5`, `fail_timeout=30s`. */
  | { readonly kind: 'param'; readonly name: string; readonly quantity: Quantity }
  /** A name that we made: of an upstream or a zone. */
  | { readonly kind: 'name'; readonly name: string }
  /** Memory shared by the workers: `shared:name:10m`. */
  | { readonly kind: 'shared'; readonly name: string; readonly quantity: Quantity }
  | { readonly kind: 'variable'; readonly name: string }
  /** `($variable ~ "regex")` of an `if`. */
  | { readonly kind: 'condition'; readonly variable: string; readonly source: string }
  | { readonly kind: 'address'; readonly host: string; readonly port: number }
  | { readonly kind: 'network'; readonly network: string }
  | { readonly kind: 'server-name'; readonly name: string }
  /** Where `proxy_pass` goes: one of our upstreams, with the path that replaces the location's. */
  | {
      readonly kind: 'proxy';
      readonly scheme: 'http' | 'https';
      readonly upstream: string;
      readonly path: string;
    }
  | { readonly kind: 'url-path'; readonly path: string }
  | { readonly kind: 'header-name'; readonly name: string }
  | { readonly kind: 'file-name'; readonly name: string }
  | { readonly kind: 'media-type'; readonly type: string }
  /** Free text in which nginx interpolates. */
  | { readonly kind: 'text'; readonly parts: readonly Part[] }
  | { readonly kind: 'regex'; readonly source: string }
  /** A file of the bundle, behind the agent's prefix. */
  | { readonly kind: 'bundle-path'; readonly prefix: string; readonly path: string }
  /** A web root that the agent declared. */
  | { readonly kind: 'web-root'; readonly path: string }
  /** A path of the agent's own; only the frame has them. */
  | { readonly kind: 'local-path'; readonly path: string }
  | { readonly kind: 'unix-socket'; readonly path: string };

/** The resource that a directive comes from; the field is kept apart, because it changes more often. */
export type Origin = Omit<Provenance, 'field'>;

export interface Directive<Name extends string = DirectiveName> {
  readonly name: Name;
  readonly args: readonly Arg[];
  readonly block?: readonly Directive<Name>[];
  /** Where it comes from; without one, where its block comes from. */
  readonly origin?: Origin;
  readonly field?: string;
}

export const word = (text: string): Arg => ({ kind: 'word', word: text });
export const int = (value: number): Arg => ({ kind: 'int', value });
export const name = (text: string): Arg => ({ kind: 'name', name: text });
export const quantity = (value: number, unit: Quantity['unit']): Arg => ({
  kind: 'quantity',
  quantity: { value, unit },
});
export const param = (key: string, value: number, unit: Quantity['unit'] = ''): Arg => ({
  kind: 'param',
  name: key,
  quantity: { value, unit },
});
export const text = (...parts: readonly Part[]): Arg => ({ kind: 'text', parts });
