// SPDX-License-Identifier: Apache-2.0
import { eventLog, memoryLog } from '../event-log/index.js';
import { startApp, type TestApp } from '../http/http.harness.js';
import { systemClock, timestamp, uuidv5 } from '../kernel/index.js';
import {
  configFolds,
  past,
  reader,
  readModels,
  recordId,
  subjectKey,
  versionId,
} from '../projections/index.js';
import { collectionName, type Doc, memoryReadStore } from '../read-store/index.js';
import { logReader, metricsReader } from '../telemetry/index.js';
import { agentHealth } from './agent-health.js';
import { auditDeps } from './audit.harness.js';
import { healthReport } from './health.harness.js';
import { probes } from './probes.js';
import { queryRoutes } from './routes.js';
import { versionPublisher } from './version.harness.js';

/** Ids that tell in a failing test what they are. */
export const idOf = (name: string): string => uuidv5('test', name);
export const AT = '2026-02-01T10:00:00.000Z';

const origin = (revision: number) => ({ _revision: String(revision), _position: String(revision * 10) });

/** The read API over real read models in memory, filled by `put`. */
export async function startReadApi() {
  const store = memoryReadStore({ clock: systemClock });
  const log = eventLog(memoryLog());
  for (const projection of readModels) {
    await store.define(
      projection.collections.map((one) => ({
        ...one,
        name: collectionName(projection.name, projection.version, one.name),
      })),
    );
    await store.setPointer(projection.name, projection.version);
  }
  /** Of users and of invitations, as the vault has them. */
  const addresses = new Map<string, string>();
  const state = { position: 100n, ready: { ok: true } as { ok: boolean; why?: string } };
  const queries = queryRoutes({
    reader: reader(store, readModels),
    passed: async (position) => position <= state.position,
    health: agentHealth(store),
    past: past({ log, clock: systemClock, configs: configFolds({ log, clock: systemClock }) }),
    clock: systemClock,
    addressOf: async (userId) => addresses.get(userId),
    invitedAddress: async (id) => addresses.get(id),
    metrics: metricsReader(store),
    accessLogs: logReader(store, async () => {}),
    audit: auditDeps(),
  });
  const routes = [...queries, ...probes(async () => state.ready)];
  const app = await startApp(routes);

  const put = async (name: string, doc: Doc): Promise<void> => {
    const projection = readModels.find((one) =>
      one.collections.some((collection) => collection.name === name),
    );
    const collection = projection ? collectionName(projection.name, projection.version, name) : name;
    await store.write([{ kind: 'put', collection, doc }]);
  };
  const owners = new Map<string, string>();
  let position = 0n;
  /** A record of the resource as it stands, as its event would leave it. */
  const record = async (kind: string, doc: Doc, workspace: string | null): Promise<void> => {
    const organization =
      workspace === null ? ((doc.organization_id as string | undefined) ?? doc.id) : owners.get(workspace);
    position += 1n;
    const id = recordId(position);
    await put('records', {
      id,
      event_id: uuidv5('event', id),
      chain: organization ?? 'installation',
      organization_id: organization ?? null,
      workspace_id: workspace ?? (kind === 'workspace' ? doc.id : null),
      position: String(position),
      revision: '1',
      at: AT,
      actor: 'user:somebody',
      type: `${kind}.created`,
      action: 'created',
      resource_kind: kind,
      resource_id: doc.id,
      resource_name: 'x',
      changed: [],
      state: 'set',
      after: { id: doc.id },
      previous: null,
      details: {},
      command_id: 'c',
      request_id: `request-${doc.id}`,
      _canary: 'canary-internal',
    });
    await put('subjects', {
      id: subjectKey(kind, doc.id),
      place: null,
      resource_id: doc.id,
      name: 'x',
      record: id,
      gone: false,
      newest: id,
    });
  };
  const publish = versionPublisher(log, AT);
  const resource = (id: string, revision: number) => ({
    id,
    created_at: AT,
    updated_at: AT,
    ...origin(revision),
    _canary: 'canary-internal',
    secret: 'canary-secret',
  });

  const within = async (kind: string, name: string, doc: Doc): Promise<void> => {
    await put(name, doc);
    await record(kind, doc, String(doc.workspace_id));
  };

  return {
    ...app,
    routes,
    store,
    state,
    addresses,
    put,
    record,
    organization: async (name: string) => {
      const doc = { ...resource(idOf(name), 1), name, slug: name };
      await put('organizations', doc);
      await record('organization', doc, null);
    },
    workspace: async (name: string, organization: string) => {
      const doc = { ...resource(idOf(name), 2), organization_id: idOf(organization), name, slug: name };
      owners.set(doc.id, doc.organization_id);
      await put('workspaces', doc);
      await record('workspace', doc, null);
    },
    upstream: (name: string, workspace: string, revision = 3) =>
      within('upstream', 'upstreams', {
        ...resource(idOf(name), revision),
        workspace_id: idOf(workspace),
        name,
        algorithm: 'round_robin',
        servers: [
          {
            address: '10.0.1.20:8080',
            weight: 1,
            backup: false,
            down: false,
            max_fails: 3,
            fail_timeout: 30,
          },
        ],
        health_check: {
          enabled: true,
          path: '/health',
          interval: 10,
          timeout: 5,
          healthy_threshold: 1,
          unhealthy_threshold: 3,
        },
        keepalive_connections: 0,
      }),
    virtualHost: (name: string, workspace: string) =>
      within('virtual_host', 'virtual_hosts', {
        ...resource(idOf(name), 4),
        workspace_id: idOf(workspace),
        name,
        server_name: 'example.com www.example.com',
        listen_port: 443,
        ssl_enabled: false,
        listens: [],
        ssl_certificate_id: null,
        http2_enabled: true,
        http3_enabled: false,
        locations: [
          {
            path: '/api/v1',
            proxy_pass: 'http://10.0.0.1',
            upstream_id: null,
            root: null,
            index: null,
            custom_headers: [],
            rewrite_rules: [],
            custom_directives: [],
          },
        ],
        custom_directives: [],
        target_agents: { type: 'all' },
      }),
    certificate: (name: string, workspace: string, expires_at = '2100-01-01T00:00:00.000Z') =>
      within('certificate', 'certificates', {
        ...resource(idOf(name), 7),
        workspace_id: idOf(workspace),
        domain: `${name}.example.com`,
        names: [`${name}.example.com`],
        is_wildcard: false,
        provider: 'custom',
        status: 'active',
        fingerprint: 'a'.repeat(64),
        issued_at: AT,
        expires_at,
        auto_renew: false,
        private_key_pem: 'canary-key',
      }),
    agent: (name: string, workspace: string, fields: Record<string, unknown> = {}) =>
      within('agent', 'agents', {
        ...resource(idOf(name), 5),
        workspace_id: idOf(workspace),
        organization_id: null,
        name,
        labels: {},
        hostname: 'web-01.internal',
        ip_address: '10.0.1.10',
        version: '0.1.0',
        deployment_mode: 'docker_sidecar',
        capabilities: ['http2', 'websocket'],
        nginx_version: '1.22.1',
        state: 'online',
        last_seen_at: AT,
        registered: true,
        sent: null,
        applied: null,
        refused: null,
        parked: [],
        overdue: null,
        _enrolled: '0',
        _session: 'canary-session',
        _nginx_stopped: false,
        ...fields,
      }),
    delivery: (number: number, workspace: string, agent: string, fields: Record<string, unknown> = {}) =>
      put('deliveries', {
        ...resource(`${versionId(idOf(workspace), number)}/${idOf(agent)}`, 7),
        workspace_id: idOf(workspace),
        version_key: versionId(idOf(workspace), number),
        number,
        agent_id: idOf(agent),
        state: 'applied',
        digest: 'a'.repeat(64),
        sent_at: AT,
        applied_at: AT,
        duration_ms: 40,
        stages: {},
        failure: null,
        parked: [],
        ...fields,
      }),
    operation: (name: string, workspace: string) =>
      put('operations', {
        ...resource(idOf(name), 8),
        workspace_id: idOf(workspace),
        kind: 'agent.reload',
        resource: { type: 'agent', id: idOf(`${workspace}-agent`) },
        state: 'running',
        result: null,
        error: null,
        created_at: AT,
        finished_at: null,
        canary: 'canary-operation',
      }),
    version: async (number: number, workspace: string, fields: Record<string, unknown> = {}) => {
      await publish(idOf(workspace), number);
      await put('versions', {
        ...resource(versionId(idOf(workspace), number), 6),
        workspace_id: idOf(workspace),
        number,
        published_at: AT,
        source_revision: '5',
        causes: [],
        targets: {},
        agent_ids: [],
        ...fields,
      });
    },
    health: async (agent: string, at = timestamp(systemClock.now())) => {
      await store.define([{ name: 'agent_health', indexes: ['workspace_id'] }]);
      await put('agent_health', { id: idOf(agent), at, ...healthReport });
    },
  };
}

export type ReadApi = Awaited<ReturnType<typeof startReadApi>>;
export type { TestApp };
