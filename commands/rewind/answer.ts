// SPDX-License-Identifier: Apache-2.0
import type { EventLog } from '../../event-log/index.js';
import { type Clock, pace } from '../../kernel/index.js';
import {
  Certificate,
  closed,
  EnrolledAgent,
  type Fact,
  nullable,
  oneOf,
  type Static,
  Type,
  Upstream,
  Uuid,
  VirtualHost,
} from '../../schemas/index.js';

/** What a change that takes many resources back did, or would do, to each. */
export const Rewound = closed({
  dry_run: Type.Boolean(),
  changes: Type.Array(
    closed({
      kind: oneOf('agent', 'certificate', 'upstream', 'virtual_host'),
      id: Uuid,
      name: Type.String(),
      action: oneOf('created', 'updated', 'deleted'),
      /** Names of the fields that changed; empty for what came back or went. */
      fields: Type.Array(Type.String()),
      /** As it stands after it; null when it is gone. */
      resource: nullable(Type.Union([EnrolledAgent, Certificate, Upstream, VirtualHost])),
    }),
  ),
});
type Shown = Static<typeof Rewound>['changes'][number];

const updated = (kind: Shown['kind'], resource: NonNullable<Shown['resource']>, fields: string[]): Shown => ({
  ...created(kind, resource),
  action: 'updated',
  fields,
});

const created = (kind: Shown['kind'], resource: NonNullable<Shown['resource']>): Shown => ({
  kind,
  id: resource.id,
  name: 'name' in resource ? resource.name : resource.domain,
  action: 'created',
  fields: [],
  resource,
});

const deleted = (kind: Shown['kind'], id: string, name: string): Shown => ({
  kind,
  id,
  name,
  action: 'deleted',
  fields: [],
  resource: null,
});

/** The facts that such a change can cause; nothing for others. */
export function shownOf({ type, data }: Fact): readonly Shown[] {
  switch (type) {
    case 'agent.updated':
      return [updated('agent', data.agent, data.changed)];
    case 'upstream.created':
      return [created('upstream', data.upstream)];
    case 'upstream.updated':
      return [updated('upstream', data.upstream, data.changed)];
    case 'upstream.deleted':
      return [deleted('upstream', data.upstream_id, data.name)];
    case 'virtual_host.created':
      return [created('virtual_host', data.virtual_host)];
    case 'virtual_host.updated':
      return [updated('virtual_host', data.virtual_host, data.changed)];
    case 'virtual_host.deleted':
      return [deleted('virtual_host', data.virtual_host_id, data.name)];
    case 'certificate.deleted':
      return [deleted('certificate', data.certificate_id, data.domain)];
    default:
      return [];
  }
}

/** The facts of a command behind a revision, from the log: the same when it is answered again. */
export async function factsOf(
  { log, clock }: { readonly log: Pick<EventLog, 'read'>; readonly clock: Pick<Clock, 'monotonic'> },
  stream: string,
  commandId: string,
  after: bigint,
): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  const breathe = pace(clock);
  for await (const event of log.read(stream, { from: after + 1n })) {
    if (event.meta.command_id === commandId) {
      facts.push(event);
    } else if (facts.length > 0) {
      break;
    }
    await breathe();
  }
  return facts;
}
