// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigApplyStatus, LoadBalanceAlgorithm } from '../proto/index.js';
import type { Upstream } from '../schemas/index.js';
import { connectAgent, debian12 } from './agent.harness.js';
import { host, hostUpsert, oneLocation, upstreamUpsert, WORKSPACE } from './gateway.harness.js';
import { fleet, types } from './scene.harness.js';

test(
  'agents that take no files are told in the fields that they know',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const shop = host({ custom_directives: [{ directive: 'client_max_body_size', args: ['8m'] }] });
    const pool: Upstream = {
      id: randomUUID(),
      workspace_id: WORKSPACE,
      name: 'pool',
      algorithm: 'least_connections',
      servers: [
        { address: '127.0.0.1:19001', weight: 3, backup: false, down: false, max_fails: 1, fail_timeout: 10 },
      ],
      health_check: {
        enabled: true,
        path: '/up',
        interval: 5,
        timeout: 2,
        healthy_threshold: 2,
        unhealthy_threshold: 3,
      },
      keepalive_connections: 16,
      created_at: shop.created_at,
      updated_at: shop.updated_at,
    };
    const api = host({
      server_name: 'api.example.com',
      locations: [{ ...oneLocation, proxy_pass: null, upstream_id: pool.id }],
    });
    const unused = { ...pool, id: randomUUID(), name: 'unused' };
    await w.publish({
      upserts: [hostUpsert(shop), hostUpsert(api), upstreamUpsert(pool), upstreamUpsert(unused)],
    });
    const agent = await connectAgent(port, keys, agentId, debian12({ nginxVersion: '', nginxModules: [] }));
    const [update] = await agent.nextUpdate();
    assert.equal(update?.files, []);
    assert.is(update?.virtualHosts[0]?.serverName, 'shop.example.com');
    assert.is(update?.virtualHosts[0]?.locations[0]?.proxyPass, 'http://127.0.0.1:19000');
    assert.equal(update?.virtualHosts[0]?.customDirectives, { client_max_body_size: '8m' });
    assert.is(update?.virtualHosts[1]?.locations[0]?.upstreamId, pool.id);
    assert.equal(
      update?.upstreams.map(({ name, algorithm, servers, healthCheck }) => [
        name,
        algorithm,
        servers[0]?.weight,
        healthCheck?.unhealthyThreshold,
      ]),
      [['pool', LoadBalanceAlgorithm.LEAST_CONNECTIONS, 3, 3]],
    );
    // It knows neither digest nor stage.
    agent.answer(update, ConfigApplyStatus.SUCCESS, { digest: '', stage: '' });
    await w.until(agentId, (known) => types(known).at(-1) === 'config.applied');
    agent.close();
  }),
);

test.run();
