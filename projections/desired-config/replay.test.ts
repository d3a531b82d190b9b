// SPDX-License-Identifier: Apache-2.0
/** A log of before virtual hosts had `listens`, replayed: what agents run keeps its digests, to the byte. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evolveConfig, initialConfig, targetDigest, targetKey } from '../../domain/index.js';
import { eventLog, memoryLog } from '../../event-log/index.js';
import { streams } from '../../kernel/index.js';
import { compile, render } from '../../nginx/index.js';
import type { ConfigEvent } from '../../schemas/index.js';

const WORKSPACE = '0190a6b2-3c4d-7e5f-8a9b-000000000002';
const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'schemas', 'samples');
// As they were when version 1 was the newest.
const TARGET = 'c7e4399798f5ee2ac8c143dc85a1748de7c690f2097b484df9a4fc1fdf53a7d6';
const BUNDLE = '7e79b5eaaa843cdccc0f31c8554e7d33fb7ffce9eaaf42e0212b3c4098c466ca';

async function replayed(sample: string, schema_version: string) {
  const adapter = memoryLog();
  const data = readFileSync(join(SAMPLES, sample), 'utf8');
  const id = '0190a6b2-3c4d-7e5f-8a9b-00000000000a';
  const stream = streams.config(WORKSPACE);
  const stored = { id, type: 'config.version_published', data, meta: JSON.stringify({ schema_version }) };
  await adapter.append(stream, 'none', [stored]);
  const state = initialConfig();
  for await (const event of eventLog(adapter).read(stream)) {
    evolveConfig(state, event as ConfigEvent);
  }
  const [host] = state.virtualHosts.values();
  const agent = {
    id: '0190a6b2-3c4d-7e5f-8a9b-000000000003',
    labels: { env: 'production', region: 'us-east' },
  };
  const capabilities = {
    nginxVersion: '1.22.1',
    modules: ['http_ssl', 'http_stub_status', 'http_v2', 'http_v3'],
    bundlePrefix: '',
    webRoots: { assets: '/srv/assets' },
  };
  return {
    host,
    target: host && targetDigest(state, targetKey(host.target_agents)),
    bundle: render(compile(state, agent), capabilities).digest,
  };
}

test('a version of before has the digests of before', async () => {
  const { host, target, bundle } = await replayed('config.version_published@1.json', '1');
  assert.equal(host?.listens, []);
  assert.equal([target, bundle], [TARGET, BUNDLE]);
});

test('a host with one more socket has others', async () => {
  const { host, target, bundle } = await replayed('config.version_published@2.json', '2');
  assert.is(host?.listens.length, 2);
  assert.is.not(target, TARGET);
  assert.is.not(bundle, BUNDLE);
});

test.run();
