// SPDX-License-Identifier: Apache-2.0
/** One request with what should come of it, from the model alone; nothing is asked of the server. */
import type { Role } from '../../schemas/index.js';
import * as bodies from './bodies.js';
import { type Doc, has, type Kept, type Kind, type Membership, PLURALS, type Workspace } from './model.js';
import type { Step } from './steps.js';

/** What becomes of one resource: `doc` without its times, null: gone. Of a new one the id comes from the answer. */
export interface Effect {
  readonly kind: Kind;
  readonly id?: string;
  readonly doc: Doc | null;
  /** There is more in the answer than the model can know. */
  readonly partial?: boolean;
}

export interface Refusal {
  readonly status: number;
  /** Codes of which one at least is in its details, where they are foretold; with `all`, each with its field, no others. */
  readonly codes?: readonly string[];
  readonly all?: boolean;
}

export interface Plan {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: Doc | undefined;
  readonly place: { readonly organizationId: string; readonly workspaceId?: string };
  readonly least: Role;
  readonly scope: string;
  readonly status: number;
  readonly refusal?: Refusal | undefined;
  /** Empty: it changes nothing. */
  readonly effects: readonly Effect[];
  /** What If-Match is about; undefined where it does not apply. */
  readonly subject?: Kept | undefined;
  /** It knows `?dry_run=true`. */
  readonly rehearsable?: boolean;
  /** Whoever it is about, and what they are then; null: no member. */
  readonly person?: { readonly userId: string; readonly next: Membership | null };
}

const nth = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)];

const EDITOR = { least: 'editor' } as const;
const base = (workspace: Workspace, kind: Kind) => ({
  ...EDITOR,
  place: { organizationId: workspace.organizationId, workspaceId: workspace.id },
  scope: `write:${kind}s`,
});

type Members = { readonly upstream_id: string | null; readonly path: string };
export const usersOf = (standing: readonly Kept[], id: string): Kept[] =>
  standing.filter(
    ({ kind, doc }) =>
      kind === 'virtual_host' &&
      (doc['ssl_certificate_id'] === id ||
        (doc['locations'] as Members[]).some(({ upstream_id }) => upstream_id === id)),
  );

/** What stands in the way of one resource beside the others. */
export function refusalOf(doc: Doc, kind: Kind, standing: readonly Kept[], id?: string): Refusal | undefined {
  const others = standing.filter((one) => one.kind === kind && one.doc['id'] !== id);
  if (kind === 'upstream') {
    const servers = doc['servers'] as Doc[];
    if (servers.every((one) => one['backup'] === true)) {
      return { status: 422 };
    }
    return others.some((one) => one.doc['name'] === doc['name'])
      ? { status: 409, codes: ['DUPLICATE'] }
      : undefined;
  }
  const known = new Set(standing.map((one) => one.doc['id']));
  const locations = doc['locations'] as Members[];
  if (locations.some(({ upstream_id }) => upstream_id !== null && !known.has(upstream_id))) {
    return { status: 422, codes: ['UNKNOWN_REFERENCE'] };
  }
  const certificate = doc['ssl_certificate_id'];
  if (certificate === null && doc['ssl_enabled'] === true) {
    return { status: 422, codes: ['REQUIRED'] };
  }
  if (certificate !== null && !known.has(certificate)) {
    return { status: 422, codes: ['UNKNOWN_REFERENCE'] };
  }
  const rivals = others.filter(
    (one) =>
      one.doc['listen_port'] === doc['listen_port'] &&
      overlap(one.doc['target_agents'] as Target, doc['target_agents'] as Target),
  );
  const codes = rivals.flatMap((one) => [
    ...(one.doc['server_name'] === doc['server_name'] ? ['DUPLICATE'] : []),
    ...(one.doc['ssl_enabled'] === doc['ssl_enabled'] ? [] : ['CONFLICT']),
  ]);
  return codes.length > 0 ? { status: 409, codes } : undefined;
}

type Target = { readonly type: string; readonly label_selector?: string };
/** Selectors are of one key here: two values of it contradict each other. */
const overlap = (a: Target, b: Target): boolean =>
  a.type === 'all' || b.type === 'all' || a.label_selector === b.label_selector;

const NAMELESS = new Set(['created_at', 'updated_at']);
const bare = (doc: Doc): Doc =>
  Object.fromEntries(Object.entries(doc).filter(([field]) => !NAMELESS.has(field)));
const same = (a: Doc, b: Doc): boolean => JSON.stringify(sorted(bare(a))) === JSON.stringify(sorted(bare(b)));
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, one]) => [key, sorted(one)]),
        )
      : value;

function creation(workspace: Workspace, kind: Kind, body: Doc, doc: Doc): Plan {
  return {
    ...base(workspace, kind),
    method: 'POST',
    path: `/v1/workspaces/${workspace.id}/${PLURALS[kind]}`,
    body,
    status: 201,
    refusal: refusalOf(doc, kind, [...workspace.standing.values()]),
    effects: [{ kind, doc: { ...doc, workspace_id: workspace.id } }],
  };
}

/** A change of one resource; `path` goes on behind its own. */
function change(
  workspace: Workspace,
  subject: Kept,
  doc: Doc,
  request: Pick<Plan, 'method' | 'status'> & { body?: Doc; more?: string; refusal?: Refusal | undefined },
): Plan {
  const { more = '', refusal, ...rest } = request;
  const id = String(subject.doc['id']);
  const unchanged = same(subject.doc, doc);
  return {
    ...base(workspace, subject.kind),
    ...rest,
    path: `/v1/${PLURALS[subject.kind]}/${id}${more}`,
    subject,
    refusal:
      refusal ?? (unchanged ? undefined : refusalOf(doc, subject.kind, [...workspace.standing.values()], id)),
    effects: unchanged ? [] : [{ kind: subject.kind, id, doc }],
  };
}

function removal(workspace: Workspace, subject: Kept): Plan {
  const id = String(subject.doc['id']);
  const users = usersOf([...workspace.standing.values()], id);
  return {
    ...base(workspace, subject.kind),
    method: 'DELETE',
    path: `/v1/${PLURALS[subject.kind]}/${id}`,
    status: 204,
    subject,
    refusal: users.length > 0 ? { status: 409, codes: ['IN_USE'] } : undefined,
    effects: [{ kind: subject.kind, id, doc: null }],
  };
}

function hostLocation(workspace: Workspace, n: number): Doc {
  const upstream = nth(has(workspace, 'upstream'), n);
  const path = `/p${n % 4}`;
  return upstream && n % 3 > 0
    ? { path, upstream_id: upstream.doc['id'] }
    : { path, proxy_pass: `http://10.1.1.${1 + (n % 9)}/` };
}

function hostPatch(workspace: Workspace, n: number): Doc {
  const issued = has(workspace, 'certificate').find(({ doc }) => doc['fingerprint'] !== null);
  const patches: readonly Doc[] = [
    { name: `Host ${n % 30}` },
    { server_name: bodies.serverName(n) },
    { listen_port: 8000 + (n % 4) },
    { listen_port: null },
    { locations: [hostLocation(workspace, n), { path: '/z', proxy_pass: 'http://10.2.2.2/' }] },
    { target_agents: { type: 'selector', label_selector: `tier=t${n % 3}` } },
    { target_agents: null, locations: [hostLocation(workspace, n)] },
    { ssl_enabled: true, ssl_certificate_id: issued?.doc['id'] ?? null, listen_port: 443 },
    { ssl_enabled: false, ssl_certificate_id: null, listen_port: null },
  ];
  return patches[n % patches.length] ?? {};
}

/** A plan for each operation on one resource; undefined where the model has nothing to do it to. */
export const PLANS = {
  createUpstream: (workspace: Workspace, { n }: Step) => {
    const body = bodies.newUpstream(n);
    return creation(workspace, 'upstream', body, bodies.upstreamOf(body));
  },
  createHost: (workspace: Workspace, { n }: Step) => {
    const body = {
      name: `Host ${n % 30}`,
      server_name: bodies.serverName(n),
      locations: [hostLocation(workspace, n)],
    };
    return creation(workspace, 'virtual_host', body, bodies.hostOf(body));
  },
  patchUpstream: (workspace: Workspace, { n, which }: Step) => {
    const subject = nth(has(workspace, 'upstream'), which);
    const body = bodies.upstreamPatch(n);
    return (
      subject &&
      change(workspace, subject, bodies.upstreamOf(body, subject.doc), { method: 'PATCH', status: 200, body })
    );
  },
  patchHost: (workspace: Workspace, { n, which }: Step) => {
    const subject = nth(has(workspace, 'virtual_host'), which);
    const body = hostPatch(workspace, n);
    return (
      subject &&
      change(workspace, subject, bodies.hostOf(body, subject.doc), { method: 'PATCH', status: 200, body })
    );
  },
  deleteUpstream: (workspace: Workspace, { which }: Step) => {
    const subject = nth(has(workspace, 'upstream'), which);
    return subject && removal(workspace, subject);
  },
  deleteHost: (workspace: Workspace, { which }: Step) => {
    const subject = nth(has(workspace, 'virtual_host'), which);
    return subject && removal(workspace, subject);
  },
  deleteCertificate: (workspace: Workspace, { which }: Step) => {
    const subject = nth(has(workspace, 'certificate'), which);
    return subject && removal(workspace, subject);
  },
  addServer: (workspace: Workspace, { which, n }: Step) => {
    const subject = nth(has(workspace, 'upstream'), which);
    const body = { address: bodies.address(n), weight: 1 + (n % 3) };
    const servers = (subject?.doc['servers'] ?? []) as Doc[];
    const taken = servers.some((one) => one['address'] === body.address);
    const next = { ...subject?.doc, servers: [...servers, bodies.serverOf(body)] };
    const refusal = taken ? { status: 409, codes: ['DUPLICATE'] } : undefined;
    return (
      subject &&
      change(workspace, subject, next, { method: 'POST', status: 201, body, more: '/servers', refusal })
    );
  },
  patchServer: (workspace: Workspace, { which, n }: Step) => {
    const subject = nth(has(workspace, 'upstream'), which);
    const servers = (subject?.doc['servers'] ?? []) as Doc[];
    const server = nth(servers, n);
    const body = n % 4 === 0 ? { weight: null } : { weight: 1 + (n % 7), down: n % 2 === 0 };
    const next = {
      ...subject?.doc,
      servers: servers.map((one) => (one === server ? bodies.serverOf(body, one) : one)),
    };
    const more = `/servers/${encodeURIComponent(String(server?.['address']))}`;
    return subject && change(workspace, subject, next, { method: 'PATCH', status: 200, body, more });
  },
  removeServer: (workspace: Workspace, { which, n }: Step) => {
    const subject = nth(has(workspace, 'upstream'), which);
    const servers = (subject?.doc['servers'] ?? []) as Doc[];
    const server = nth(servers, n);
    const next = { ...subject?.doc, servers: servers.filter((one) => one !== server) };
    const more = `/servers/${encodeURIComponent(String(server?.['address']))}`;
    return subject && change(workspace, subject, next, { method: 'DELETE', status: 204, more });
  },
  addLocation: (workspace: Workspace, { which, n }: Step) => {
    const subject = nth(has(workspace, 'virtual_host'), which);
    const body = hostLocation(workspace, n);
    const locations = (subject?.doc['locations'] ?? []) as Doc[];
    const taken = locations.some((one) => one['path'] === body['path']);
    const next = { ...subject?.doc, locations: [...locations, bodies.locationOf(body)] };
    const refusal = taken ? { status: 409, codes: ['DUPLICATE'] } : undefined;
    return (
      subject &&
      change(workspace, subject, next, { method: 'POST', status: 201, body, more: '/locations', refusal })
    );
  },
  removeLocation: (workspace: Workspace, { which, n }: Step) => {
    const subject = nth(has(workspace, 'virtual_host'), which);
    const locations = (subject?.doc['locations'] ?? []) as Doc[];
    const location = nth(locations, n);
    if (!subject || !location) {
      return undefined;
    }
    const next = { ...subject.doc, locations: locations.filter((one) => one !== location) };
    const more = `/locations/${encodeURIComponent(String(location['path']))}`;
    return change(workspace, subject, next, { method: 'DELETE', status: 204, more });
  },
} as const satisfies Record<string, (workspace: Workspace, step: Step) => Plan | undefined>;
