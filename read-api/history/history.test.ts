// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recordId } from '../../projections/index.js';
import { AT, idOf, startReadApi } from '../read-api.harness.js';

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

test('however many others name their requests alike, everybody finds their own', async () => {
  const api = await startReadApi();
  await api.organization('acme');
  const record = (position: number, organization: string) => {
    const id = recordId(BigInt(position));
    const place = { chain: idOf(organization), organization_id: idOf(organization), workspace_id: null };
    const what = { resource_kind: 'organization', resource_id: idOf(organization), resource_name: 'x' };
    const event = { event_id: idOf(id), position: String(position), revision: '1', at: AT, command_id: 'c' };
    const more = { actor: 'user:x', type: 'organization.updated', changed: [], request_id: 'build-7' };
    return api.put('records', { id, ...place, ...what, ...event, ...more });
  };
  for (let position = 1_000; position < 2_000; position++) {
    await record(position, 'rival');
  }
  await record(2_000, 'acme');
  const { token } = await api.user({ [idOf('acme')]: 'viewer' });
  const answer = await api.call('GET', '/v1/requests/build-7', { token });
  assert.is(answer.status, 200, answer.text);
  assert.equal(
    answer.json.events.map(({ position }: { position: string }) => position),
    ['2000'],
  );
  await api.close();
});

test.run();
