// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startReadApi } from '../read-api.harness.js';

test('the operations of the past are exactly these', async () => {
  const api = await startReadApi();
  assert.equal(
    api.routes
      .filter(({ tag }) => tag === 'History')
      .map((route) => `${route.operationId} ${route.method} ${route.path}`)
      .sort(),
    [
      'blameAgentConfig GET /v1/agents/{agent_id}/config/blame',
      'diffVersions GET /v1/workspaces/{workspace_id}/versions/{version}/diff/{other}',
      'getAgentConfig GET /v1/agents/{agent_id}/config',
      'getAgentHistory GET /v1/agents/{agent_id}/history',
      'getCertificateHistory GET /v1/certificates/{certificate_id}/history',
      'getInvitationHistory GET /v1/organizations/{organization_id}/invitations/{invitation_id}/history',
      'getMemberHistory GET /v1/organizations/{organization_id}/members/{user_id}/history',
      'getOrganizationHistory GET /v1/organizations/{organization_id}/history',
      'getRequest GET /v1/requests/{request_id}',
      'getUpstreamHistory GET /v1/upstreams/{upstream_id}/history',
      'getVersion GET /v1/workspaces/{workspace_id}/versions/{version}',
      'getVirtualHostHistory GET /v1/virtual-hosts/{virtual_host_id}/history',
      'getWorkspaceHistory GET /v1/workspaces/{workspace_id}/history',
      'listVersions GET /v1/workspaces/{workspace_id}/versions',
    ],
  );
  await api.close();
});

test.run();
