// SPDX-License-Identifier: Apache-2.0
/**
 * What the compiler takes in: the wire shape of the resources, as far as nginx is concerned. The schemas' own types
 * are assignable to these; this room knows no schema.
 */
export interface ServerSpec {
  readonly address: string;
  readonly weight: number;
  readonly backup: boolean;
  readonly down: boolean;
  readonly max_fails: number;
  /** Seconds. */
  readonly fail_timeout: number;
}

export interface UpstreamSpec {
  readonly id: string;
  readonly name: string;
  readonly algorithm: 'round_robin' | 'least_connections' | 'ip_hash' | 'weighted_round_robin';
  readonly servers: readonly ServerSpec[];
  readonly keepalive_connections: number;
}

export interface HeaderSpec {
  readonly name: string;
  readonly value: string;
  readonly always: boolean;
  readonly applies_to: 'request' | 'response';
}

export interface RewriteSpec {
  readonly pattern: string;
  readonly replacement: string;
  readonly flag: 'last' | 'break' | 'redirect' | 'permanent';
}

export interface DirectiveSpec {
  readonly directive: string;
  readonly args: readonly string[];
}

export interface LocationSpec {
  readonly path: string;
  readonly proxy_pass: string | null;
  readonly upstream_id: string | null;
  /** Name of a web root of the agent. */
  readonly root: string | null;
  readonly index: string | null;
  readonly custom_headers: readonly HeaderSpec[];
  readonly rewrite_rules: readonly RewriteSpec[];
  readonly custom_directives: readonly DirectiveSpec[];
}

export type TargetSpec =
  | { readonly type: 'all' }
  | { readonly type: 'selector'; readonly label_selector: string }
  | { readonly type: 'list'; readonly agent_ids: readonly string[] };

export interface ListenSpec {
  /** All addresses of IPv4, or all of IPv6. */
  readonly address: '0.0.0.0' | '[::]';
  readonly port: number;
  readonly ssl: boolean;
}

export interface HostSpec {
  readonly id: string;
  readonly name: string;
  /** Names separated by one space. */
  readonly server_name: string;
  readonly listen_port: number;
  readonly ssl_enabled: boolean;
  /** Sockets beside the first, which is port `listen_port` of IPv4. */
  readonly listens: readonly ListenSpec[];
  readonly ssl_certificate_id: string | null;
  readonly http2_enabled: boolean;
  readonly http3_enabled: boolean;
  readonly locations: readonly LocationSpec[];
  readonly custom_directives: readonly DirectiveSpec[];
  readonly target_agents: TargetSpec;
}

export interface CertificateSpec {
  readonly id: string;
  readonly domain: string;
  /** SHA-256 of the certificate's DER; null while it has not been issued. */
  readonly fingerprint: string | null;
}

/** Everything that a version of a workspace holds. Objects in the maps are replaced when they change, never altered. */
export interface Resources {
  readonly virtualHosts: ReadonlyMap<string, HostSpec>;
  readonly upstreams: ReadonlyMap<string, UpstreamSpec>;
  readonly certificates: ReadonlyMap<string, CertificateSpec>;
}

/** What one agent is, as far as it decides what it is to run. */
export interface AgentSpec {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What an agent's nginx can do, as the agent reported it. */
export interface Capabilities {
  /** As `nginx -v` says it: `1.22.1`. */
  readonly nginxVersion: string;
  readonly modules: readonly string[];
  /** Before every bundle-relative path; empty where nginx runs in the agent's own prefix. */
  readonly bundlePrefix: string;
  /** Name of a web root → absolute path on the agent's host. */
  readonly webRoots: Readonly<Record<string, string>>;
}

/** One rendered file. `path` is relative: `http.conf`, `upstreams/<hash>.conf`, `vhosts/<id>.conf`. */
export interface BundleFile {
  readonly path: string;
  /** Of the UTF-8 bytes of `content`. */
  readonly sha256: string;
  readonly content: string;
}

/** What one agent is to run. `digest` is the SHA-256 over the lines `<sha256> <path>\n` in order of path. */
export interface Bundle {
  readonly digest: string;
  /** In order of path, by UTF-16 code units. */
  readonly files: readonly BundleFile[];
}

/** Where a rendered line comes from. */
export interface Provenance {
  readonly kind: 'virtual_host' | 'upstream' | 'certificate' | 'agent' | 'nxmesh';
  readonly id: string;
  readonly name: string;
  /** Path of the field in the resource, such as `locations[0].custom_headers[1].value`. */
  readonly field: string;
}

/** Something that nginx or NxMesh would refuse; `code` is an error detail's code. */
export interface Problem {
  readonly code: string;
  readonly message: string;
}
