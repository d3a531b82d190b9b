// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startReadApi } from './read-api.harness.js';

const api = await startReadApi();
test.after(() => api.close());

test('the operations are exactly these', () => {
  // Those of the past stand in `history/history.test.ts`.
  const present = api.routes.filter(({ tag }) => tag !== 'History');
  assert.equal(present.map(({ operationId, method, path }) => `${operationId} ${method} ${path}`).sort(), [
    'exportAudit GET /v1/audit/export',
    'exportInstallationAudit GET /v1/audit/installation/export',
    'getAgent GET /v1/agents/{agent_id}',
    'getAgentMetrics GET /v1/agents/{agent_id}/metrics',
    'getAuditKey GET /v1/audit/key',
    'getCertificate GET /v1/certificates/{certificate_id}',
    'getChange GET /v1/workspaces/{workspace_id}/changes/{version}',
    'getLocation GET /v1/virtual-hosts/{virtual_host_id}/locations/{location_path}',
    'getMember GET /v1/organizations/{organization_id}/members/{user_id}',
    'getOperation GET /v1/operations/{operation_id}',
    'getOrganization GET /v1/organizations/{organization_id}',
    'getUpstream GET /v1/upstreams/{upstream_id}',
    'getUpstreamServer GET /v1/upstreams/{upstream_id}/servers/{server_address}',
    'getVirtualHost GET /v1/virtual-hosts/{virtual_host_id}',
    'getWorkspace GET /v1/workspaces/{workspace_id}',
    'getWorkspaceMetrics GET /v1/workspaces/{workspace_id}/metrics',
    'listAgents GET /v1/workspaces/{workspace_id}/agents',
    'listAudit GET /v1/audit',
    'listCertificates GET /v1/workspaces/{workspace_id}/certificates',
    'listChanges GET /v1/workspaces/{workspace_id}/changes',
    'listEvents GET /v1/events',
    'listInstallationAudit GET /v1/audit/installation',
    'listInvitations GET /v1/organizations/{organization_id}/invitations',
    'listLocations GET /v1/virtual-hosts/{virtual_host_id}/locations',
    'listMembers GET /v1/organizations/{organization_id}/members',
    'listOrganizations GET /v1/organizations',
    'listUpstreamServers GET /v1/upstreams/{upstream_id}/servers',
    'listUpstreams GET /v1/workspaces/{workspace_id}/upstreams',
    'listVirtualHosts GET /v1/workspaces/{workspace_id}/virtual-hosts',
    'listWorkspaceMembers GET /v1/workspaces/{workspace_id}/members',
    'listWorkspaces GET /v1/organizations/{organization_id}/workspaces',
    'livez GET /livez',
    'queryAccessLogs GET /v1/workspaces/{workspace_id}/access-logs',
    'readyz GET /readyz',
  ]);
});

test.run();
