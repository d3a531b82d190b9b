// SPDX-License-Identifier: Apache-2.0
import type { ListenSpec, ServerSpec, UpstreamSpec } from './model.js';
import type { Rewrite } from './rewrite.js';
import type { Socket } from './sockets.js';
import type { Directive, Origin } from './tree.js';
import type { Part } from './variables.js';

/** A header that is set, with where it comes from. */
export interface HeaderModel {
  readonly name: string;
  /** `authority`: the host of the location's literal URL. */
  readonly value: readonly Part[] | 'authority';
  readonly always: boolean;
  /** Field of the resource; undefined for those that NxMesh sets by itself. */
  readonly field: string | undefined;
}

/** Where a location's requests go, as far as all hosts of one shape have it in common. */
export type ActionShape =
  | {
      readonly kind: 'proxy';
      readonly scheme: 'http' | 'https';
      readonly path: string;
      readonly field: string;
    }
  | { readonly kind: 'root'; readonly index: string | null; readonly field: string }
  | { readonly kind: 'none' };

export interface LocationShape {
  readonly path: string;
  readonly field: string;
  readonly action: ActionShape;
  /** Undefined: those of the host. */
  readonly requestHeaders: readonly HeaderModel[] | undefined;
  readonly responseHeaders: readonly HeaderModel[] | undefined;
  readonly rewrites: readonly (Rewrite & { readonly field: string })[];
  readonly directives: readonly Directive[];
}

/** What a host has in common with others of its kind: everything but its values. */
export interface HostShape {
  readonly sockets: readonly Socket[];
  /** On one of its sockets at least. */
  readonly tls: boolean;
  readonly http2: boolean;
  readonly http3: boolean;
  readonly requestHeaders: readonly HeaderModel[];
  readonly responseHeaders: readonly HeaderModel[];
  readonly locations: readonly LocationShape[];
  readonly directives: readonly Directive[];
}

/** What differs between hosts of one shape; a layout that folds them into one server puts these into maps. */
interface HostValues {
  readonly names: readonly string[];
  /** Fingerprint; null without TLS. */
  readonly certificate: string | null;
  /** For each location, the name of its upstream, the URL's authority, or its web root. */
  readonly targets: readonly TargetValue[];
}

export interface TargetValue {
  readonly upstream: string | null;
  /** Host and port of a literal URL, as its `Host` header has them. */
  readonly authority: string | null;
  /** Host of a literal https URL: whom its certificate must name. */
  readonly serverName: string | null;
  readonly webRoot: string | null;
}

export interface HostModel {
  readonly origin: Origin;
  readonly shape: HostShape;
  readonly values: HostValues;
  readonly upstreams: readonly UpstreamModel[];
}

/** One upstream block of nginx, shared by everybody whose upstream has the same content. */
export interface UpstreamModel {
  /** `nx_` and 12 hexadecimal digits of the content's digest. */
  readonly name: string;
  /** Of the content, whole: 12 digits of it could be made the same on purpose. */
  readonly digest: string;
  readonly algorithm: UpstreamSpec['algorithm'];
  readonly servers: readonly ServerSpec[];
  readonly keepalive: number;
  readonly origin: Origin;
  /** Field in front of `servers[i]`; for a literal URL, the field of the URL. */
  readonly field: string | undefined;
}

/** A port with what its hosts have in common. */
export interface PortModel {
  readonly port: number;
  /** Those that one of its hosts listens on, IPv4 first. */
  readonly addresses: readonly ListenSpec['address'][];
  readonly tls: boolean;
  readonly http2: boolean;
  readonly http3: boolean;
  /** A certificate of one of its hosts, for versions that cannot reject a handshake. */
  readonly certificate: string | null;
  /** That of a host whose name is an address: its clients send no name with the handshake. */
  readonly addressCertificate: string | null;
}

/** What one agent is to run, before it is known how its nginx writes it. */
export interface Model {
  /** In order of id. */
  readonly hosts: readonly HostModel[];
  /** In order of name. */
  readonly upstreams: readonly UpstreamModel[];
  /** In order of port. */
  readonly ports: readonly PortModel[];
}
