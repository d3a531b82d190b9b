// SPDX-License-Identifier: Apache-2.0
/** Examples as data: bodies by operation, resources by the name of their schema, single values by the name of a field. */

const ID = {
  organization: '550e8400-e29b-41d4-a716-446655440000',
  workspace: '660e8400-e29b-41d4-a716-446655440001',
  agent: '770e8400-e29b-41d4-a716-446655440002',
  host: '880e8400-e29b-41d4-a716-446655440004',
  certificate: '990e8400-e29b-41d4-a716-446655440005',
  upstream: 'aa0e8400-e29b-41d4-a716-446655440006',
};
const production = { env: 'production', region: 'us-east-1' };
const server = (address: string, weight: number, backup = false) => ({ address, weight, backup });
const healthCheck = { enabled: true, path: '/health', interval: 10, timeout: 5 };
const LINE = 'MIIBmTCCAT+gAwIBAgIUd3JpdHRlbiBmb3IgYW4gZXhhbXBsZS4wCgYIKoZIzj0E';

export const BODIES: Readonly<Record<string, unknown>> = {
  login: { email: 'user@example.com', password: 'secure_password' },
  createOrganization: { name: 'Acme Corp', slug: 'acme-corp' },
  updateOrganization: { name: 'Acme Corporation' },
  createWorkspace: { name: 'Staging', slug: 'staging' },
  updateWorkspace: { name: 'Staging Environment' },
  createAgentToken: {
    name: 'web-server-02',
    labels: { env: 'production', region: 'us-west-1' },
    expires_in_hours: 24,
  },
  updateAgent: { name: 'web-server-01-renamed', labels: { ...production, tier: 'web' } },
  createVirtualHost: {
    name: 'API Gateway',
    server_name: 'api.example.com',
    listen_port: 443,
    ssl_enabled: true,
    ssl_certificate_id: ID.certificate,
    http2_enabled: true,
    locations: [
      {
        path: '/api/v1',
        upstream_id: ID.upstream,
        custom_headers: [{ name: 'X-Forwarded-Proto', value: '$scheme' }],
      },
      { path: '/health', proxy_pass: 'http://localhost:8080/health' },
    ],
    target_agents: { type: 'selector', label_selector: 'env=production' },
  },
  updateVirtualHost: { name: 'API Gateway v2', locations: [{ path: '/api/v2', upstream_id: ID.upstream }] },
  createUpstream: {
    name: 'web-backend',
    algorithm: 'least_connections',
    servers: [server('10.0.1.30:8080', 2), server('10.0.1.31:8080', 1), server('10.0.1.32:8080', 1, true)],
    health_check: healthCheck,
  },
  updateUpstream: { servers: [server('10.0.1.30:8080', 3)] },
  createCertificate: {
    domain: 'api.example.com',
    certificate_pem: `-----BEGIN CERTIFICATE-----\n${LINE}\n-----END CERTIFICATE-----\n`,
    private_key_pem: '-----BEGIN PRIVATE KEY-----\n(of the certificate)\n-----END PRIVATE KEY-----\n',
  },
};

/** Laid over what is made from the schema; of a list the first entry is the pattern for all. */
export const RESOURCES: Readonly<Record<string, unknown>> = {
  Organization: { id: ID.organization, name: 'Acme Corp', slug: 'acme-corp' },
  Workspace: {
    id: ID.workspace,
    organization_id: ID.organization,
    name: 'Production',
    slug: 'production',
  },
  EnrolledAgent: { id: ID.agent, workspace_id: ID.workspace, name: 'web-server-01', labels: production },
  VirtualHost: {
    id: ID.host,
    workspace_id: ID.workspace,
    name: 'Main Website',
    server_name: 'example.com www.example.com',
    listen_port: 443,
    ssl_enabled: true,
    ssl_certificate_id: ID.certificate,
    http2_enabled: true,
    target_agents: { type: 'all' },
  },
  Upstream: {
    id: ID.upstream,
    workspace_id: ID.workspace,
    name: 'api-backend',
    algorithm: 'round_robin',
    servers: ['10.0.1.20:8080', '10.0.1.21:8080'].map((address) => ({
      ...server(address, 1),
      max_fails: 3,
      fail_timeout: 30,
    })),
    health_check: healthCheck,
  },
  Certificate: {
    id: ID.certificate,
    workspace_id: ID.workspace,
    domain: 'example.com',
    is_wildcard: false,
    status: 'active',
    issued_at: '2026-02-01T10:00:00Z',
    expires_at: '2026-05-01T10:00:00Z',
  },
  Operation: { state: 'running', result: null, error: null, finished_at: null },
};

/** Tried in their order; the first that the field's schema takes. */
export const FIELDS: Readonly<Record<string, readonly unknown[]>> = {
  access_token: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…'],
  active_connections: [42],
  agent_id: [ID.agent],
  capabilities: [['http2', 'websocket']],
  certificate_id: [ID.certificate],
  components: [{ event_log: 'healthy', read_store: 'healthy', projections: 'healthy' }],
  config_version: [42],
  cpu_percent: [25],
  deployment_mode: ['docker_sidecar'],
  domain: ['example.com'],
  email: ['user@example.com'],
  expires_in: [900],
  hostname: ['web-01.internal'],
  ip_address: ['10.0.1.10'],
  label_selector: ['env=production,region=us-east'],
  labels: [production],
  memory_used_mb: [512],
  message: ['Nginx reloaded successfully'],
  name: ['Acme Corp', 'web-backend'],
  nginx_status: ['running'],
  nginx_uptime_seconds: [86_400],
  nginx_version: ['1.22.1'],
  organization_id: [ID.organization],
  page: [1],
  pages: [1],
  password: ['secure_password'],
  per_page: [20],
  refresh_token: ['dGhpcyBpcyBhIHJlZnJlc2ggdG9rZW4…'],
  request_id: ['req_123456789'],
  requests_per_second: [150.5],
  server_name: ['example.com www.example.com'],
  slug: ['acme-corp'],
  stages: [{ staged: 12, tested: 40, proven: 150 }],
  targets: [{ 'label:env=production': '5f7b…'.padEnd(64, '0').replace('…', '0') }],
  timestamp: ['2026-03-02T12:05:00Z'],
  token: ['nxmesh_agent_eyJhZ2VudF9pZCI6ICI3NzBlODQwMC1lMjliLTQxZDQtYTcxNi00NDY2NTU0NDAwMDMi…'],
  token_type: ['Bearer'],
  total: [1],
  upstream_id: [ID.upstream],
  uptime: [3600],
  user_agent: ['Mozilla/5.0'],
  username: ['john_doe'],
  version: ['0.1.0', 42],
  workspace_id: [ID.workspace],
};

/** For any field. */
export const VALUES: readonly string[] = [
  '2026-03-02T12:00:00Z',
  ID.agent,
  '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  '42',
  'example',
  'example.com',
  '10.0.1.30:8080',
  '/health',
  'http://localhost:8080/health',
  'index.html',
  'X-Example',
  'env=production',
  'user@example.com',
  'agent.*',
  'read:agents',
];
