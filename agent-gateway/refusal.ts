// SPDX-License-Identifier: Apache-2.0
import type { Failure } from '../domain/index.js';
import { type Provenance, type RenderRefused, socketsOf } from '../nginx/index.js';
import { ConfigApplyStatus, type ConfigStatus } from '../proto/index.js';
import { REASONS, type Reason, STAGES, type Stage } from '../schemas/index.js';
import type { Target } from './delivery.js';
import type { Rendering } from './rendering.js';
import { line, words } from './words.js';

const isReason = (text: string): text is Reason => REASONS.some((reason) => reason === text);
const isStage = (text: string): text is Stage => text !== 'render' && STAGES.some((stage) => stage === text);

/** nginx's and the system's words → the reason that they mean. */
const SPOKEN: readonly (readonly [RegExp, Reason])[] = [
  [/address already in use|bind\(\) to .* failed/i, 'PORT_IN_USE'],
  [/host not found/i, 'HOST_NOT_FOUND'],
  [/key values mismatch/i, 'CERT_KEY_MISMATCH'],
  [/cannot load certificate|PEM_read|no "ssl_certificate" is defined/i, 'CERT_UNREADABLE'],
  [/no space left|disk quota/i, 'DISK_FULL'],
  [/permission denied|operation not permitted|read-only file system/i, 'PERMISSION'],
  [/digest|checksum|sha-?256/i, 'DIGEST_MISMATCH'],
  [/time[d]? ?out/i, 'VALIDATION_TIMEOUT'],
];

/** What failed at a stage when nobody says why. */
const BY_STAGE: Record<Stage, Reason> = {
  render: 'SYNTAX',
  staged: 'SYNTAX',
  tested: 'SYNTAX',
  linked: 'RELOAD_TIMEOUT',
  signalled: 'RELOAD_TIMEOUT',
  proven: 'HEALTH_GATE',
  committed: 'HEALTH_GATE',
};

/** The agent's reason if it is on the list; else the nearest that its words and the stage allow. */
export function reasonOf(
  status: Pick<ConfigStatus, 'reason' | 'errorMessage' | 'nginxOutput'>,
  stage: Stage,
): Reason {
  if (isReason(status.reason)) {
    return status.reason;
  }
  const spoken = `${status.reason}\n${status.errorMessage}\n${status.nginxOutput}`.slice(0, 8192);
  return SPOKEN.find(([pattern]) => pattern.test(spoken))?.[1] ?? BY_STAGE[stage];
}

const KINDS: Record<Provenance['kind'], string> = {
  virtual_host: 'virtual host',
  upstream: 'upstream',
  certificate: 'certificate',
  agent: 'agent',
  nxmesh: 'NxMesh',
};

const culpritOf = (provenance: Provenance): NonNullable<Failure['culprit']> => ({
  resource_kind: provenance.kind,
  resource_id: provenance.id.slice(0, 64),
  resource_name: provenance.name.slice(0, 256),
  field: provenance.field.slice(0, 256),
});

const named = ({ kind, name }: Provenance): string =>
  kind === 'nxmesh' ? "NxMesh's own part of the configuration" : `${KINDS[kind]} "${name}"`;

/** `bind() to 0.0.0.0:18443 failed (98: Address already in use)` → 18443. */
const takenPort = (text: string): number | undefined => {
  const match = /bind\(\) to \S*:([0-9]{1,5}) failed/.exec(text);
  return match ? Number(match[1]) : undefined;
};

/** The host whose port it is, when nginx points at no line. */
function portOwner(rendering: Rendering, port: number | undefined): Provenance | undefined {
  for (const host of rendering.hosts()) {
    const socket = socketsOf(host).find((one) => one.port === port);
    if (socket) {
      return { kind: 'virtual_host', id: host.id, name: host.name, field: socket.field };
    }
  }
  return undefined;
}

/** `nginx: [emerg] invalid number of arguments in "root" directive in …/x.conf:7` without what only machines read. */
const plain = (text: string): string =>
  (text.split('\n').find((one) => one.includes('[emerg]')) ?? text.split('\n')[0] ?? '')
    .replace(/^.*?\[emerg\] (?:[0-9]+#[0-9]+: )?/, '')
    .replace(/ in \S+:[0-9]+$/, '')
    .trim();

/** What the agent points at may be anything; a refusal is recorded whether it leads anywhere or not. */
function whereFrom(rendering: Rendering & { kind: 'bundle' }, { file, line: at }: ConfigStatus) {
  try {
    return rendering.explain(file, at);
  } catch {
    return undefined;
  }
}

/** A final answer that is no success, with the resource and field that it comes from, in words for people. */
export function failureOf(
  status: ConfigStatus,
  target: Target,
  rendering: Rendering | undefined,
  when: { readonly at: string; readonly durationMs: number },
): Failure {
  const stage = isStage(status.stage) ? status.stage : 'staged';
  const reason = reasonOf(status, stage);
  const output = words(status.nginxOutput);
  const said = plain(output) || line(status.errorMessage, 512);
  const port = takenPort(`${output}\n${status.errorMessage}`);
  const pointed =
    rendering?.kind === 'bundle' && status.file !== '' ? whereFrom(rendering, status) : undefined;
  const owner = reason === 'PORT_IN_USE' && rendering ? portOwner(rendering, port) : undefined;
  const provenance = owner ?? pointed;
  let message = said === '' ? `Refused by the agent: ${reason}` : said;
  if (owner) {
    const what = owner.field === 'listen_port' ? `listen_port ${port}` : `port ${port} (${owner.field})`;
    message = `${what} of ${named(owner)} is taken by another process`;
  } else if (provenance) {
    message = `${provenance.field === '' ? '' : `${provenance.field} of `}${named(provenance)}: ${message}`;
  }
  return {
    ...target,
    reason,
    stage,
    message: words(message),
    nginx_output: output,
    culprit: provenance ? culpritOf(provenance) : null,
    duration_ms: when.durationMs,
    at: when.at,
  };
}

export const isRollback = (status: ConfigStatus): boolean => status.status === ConfigApplyStatus.ROLLED_BACK;

/** A version that cannot be rendered for this agent: it never leaves the control plane. */
export function renderFailure(error: RenderRefused, target: Target, at: string): Failure {
  const { provenance } = error;
  return {
    ...target,
    reason: error.reason === 'CERTIFICATE_MISSING' ? 'CERT_UNREADABLE' : 'SYNTAX',
    stage: 'render',
    message: words(`${provenance.field} of ${named(provenance)}: ${error.message}`),
    nginx_output: '',
    culprit: culpritOf(provenance),
    duration_ms: 0,
    at,
  };
}

/** Whom a refusal points at, with what it says of each. `why` is undefined where no host can be at fault. */
export interface Blame {
  readonly culprits: ReadonlyMap<string, Why>;
  readonly why: Why | undefined;
}

type Why = Pick<Failure, 'reason' | 'stage' | 'message'>;

/** The agent's own trouble: sparing a host would not help. */
const NO_HOST: ReadonlySet<Reason> = new Set([
  'DISK_FULL',
  'DIGEST_MISMATCH',
  'HEALTH_GATE',
  'PERMISSION',
  'RELOAD_TIMEOUT',
]);

const MAX_WHY = 512;

const whyOf = ({ reason, stage, message }: Failure): Why => ({
  reason,
  stage,
  message: line(message, MAX_WHY),
});

/** The hosts behind what the agent complained of: those of the file, or those of the port. */
export function blameOf(rendering: Rendering & { kind: 'bundle' }, failure: Failure, file: string): Blame {
  if (NO_HOST.has(failure.reason)) {
    return { culprits: new Map(), why: undefined };
  }
  const { culprit } = failure;
  const hosts = rendering.hosts();
  const owner = hosts.find(({ id }) => id === culprit?.resource_id);
  // Of the sockets of its owner, the one that was named.
  const taken = owner && socketsOf(owner).find(({ field }) => field === culprit?.field)?.port;
  const ids =
    failure.reason === 'PORT_IN_USE' && taken !== undefined
      ? hosts.flatMap((host) => (socketsOf(host).some(({ port }) => port === taken) ? host.id : []))
      : rendering.dependents(file);
  const why = whyOf(failure);
  return { culprits: new Map(ids.map((id) => [id, why])), why };
}

/** The hosts that cannot be rendered, each with its own words. */
export function renderBlame(rendering: Rendering & { kind: 'refused' }): Blame {
  const said = (error: RenderRefused): Why => whyOf(renderFailure(error, { digest: '', version: 0 }, ''));
  return {
    culprits: new Map([...rendering.refusals].map(([id, error]) => [id, said(error)])),
    why: undefined,
  };
}
