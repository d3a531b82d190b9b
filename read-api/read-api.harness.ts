// SPDX-License-Identifier: Apache-2.0
import { startApp, type TestApp } from '../http/http.harness.js';
import { systemClock, timestamp, uuidv5 } from '../kernel/index.js';
import { reader, readModels, versionId } from '../projections/index.js';
import { collectionName, type Doc, memoryReadStore } from '../read-store/index.js';
import { agentHealth } from './agent-health.js';
import { probes } from './probes.js';
import { queryRoutes } from './routes.js';

/** Ids that tell in a failing test what they are. */
export const idOf = (name: string): string => uuidv5('test', name);
export const AT = '2026-02-01T10:00:00.000Z';

const origin = (revision: number) => ({ _revision: String(revision), _position: String(revision * 10) });

/** The read API over real read models in memory, filled by `put`. */
export async function startReadApi() {
  const store = memoryReadStore({ clock: systemClock });
  for (const projection of readModels) {
    await store.define(
      projection.collections.map((one) => ({
        ...one,
        name: collectionName(projection.name, projection.version, one.name),
      })),
    );
    await store.setPointer(projection.name, projection.version);
  }
  const state = { position: 100n, ready: { ok: true } as { ok: boolean; why?: string } };
  const queries = queryRoutes({
    reader: reader(store, readModels),
    passed: async (position) => position <= state.position,
    health: agentHealth(store),
    clock: systemClock,
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
  const resource = (id: string, revision: number) => ({
    id,
    created_at: AT,
    updated_at: AT,
    ...origin(revision),
    _canary: 'canary-internal',
    secret: 'canary-secret',
  });

  return {
    ...app,
    routes,
    store,
    state,
    put,
    organization: (name: string) => put('organizations', { ...resource(idOf(name), 1), name, slug: name }),
    workspace: (name: string, organization: string) =>
      put('workspaces', {
        ...resource(idOf(name), 2),
        organization_id: idOf(organization),
        name,
        slug: name,
      }),
    upstream: (name: string, workspace: string, revision = 3) =>
      put('upstreams', {
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
      put('virtual_hosts', {
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
      put('certificates', {
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
      put('agents', {
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
        ...fields,
      }),
    version: (number: number, workspace: string, fields: Record<string, unknown> = {}) =>
      put('versions', {
        ...resource(versionId(idOf(workspace), number), 6),
        workspace_id: idOf(workspace),
        number,
        published_at: AT,
        source_revision: '5',
        causes: [],
        targets: {},
        agent_ids: [],
        ...fields,
      }),
    health: async (agent: string, at = timestamp(systemClock.now())) => {
      await store.define([{ name: 'agent_health', indexes: ['workspace_id'] }]);
      await put('agent_health', {
        id: idOf(agent),
        at,
        nginx: {
          is_running: true,
          pid: 77,
          uptime_seconds: 86_400,
          active_connections: 42,
          total_requests: 9,
          requests_per_second: 150.5,
        },
        system: { cpu_percent: 25, memory_used_bytes: 512 * 1024 * 1024 },
        config_version: 42,
        alerts: [{ message: 'canary-alert' }],
      });
    },
  };
}

export type ReadApi = Awaited<ReturnType<typeof startReadApi>>;
export type { TestApp };
