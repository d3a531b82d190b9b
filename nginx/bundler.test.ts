// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../kernel/index.js';
import {
  type Bundle,
  bundler,
  type CertificateSpec,
  compile,
  type HostSpec,
  RenderRefused,
  render,
  type UpstreamSpec,
} from './index.js';
import { installed } from './nginx.harness.js';
import {
  agent,
  certificate,
  certificateId,
  host,
  hostId,
  location,
  resources,
  server,
  upstream,
  upstreamId,
} from './specs.harness.js';
import { SEED } from './values.harness.js';

const hostOn = (index: number, more: Partial<HostSpec> = {}): HostSpec =>
  host(index, { locations: [location('/', { upstream_id: upstreamId(index % 3) })], ...more });

const start = () => ({
  virtualHosts: new Map<string, HostSpec>(),
  upstreams: new Map<string, UpstreamSpec>([0, 1, 2].map((index) => [upstreamId(index), upstream(index)])),
  certificates: new Map<string, CertificateSpec>([[certificateId(0), certificate(0, 'a'.repeat(64))]]),
});

test('the digest is that of the sorted manifest', () => {
  const { digest, files } = bundler().bundle(
    resources({ hosts: [3, 1, 2].map((one) => host(one)) }),
    agent,
    installed,
  );
  const paths = files.map(({ path }) => path);
  assert.equal(paths, [...paths].sort());
  assert.is(digest, sha256(files.map(({ sha256: hash, path }) => `${hash} ${path}\n`).join('')));
  for (const file of files) {
    assert.is(file.sha256, sha256(file.content));
  }
});

test('ports sort by their path, not by their number', () => {
  const hosts = [80, 443, 8080, 9].map((port, index) => host(index, { listen_port: port }));
  const paths = bundler()
    .bundle(resources({ hosts }), agent, installed)
    .files.map(({ path }) => path);
  assert.equal(paths, [...paths].sort());
});

test('the order in which things were made and written down does not matter', () => {
  const hosts = Array.from({ length: 20 }, (_, index) => hostOn(index));
  const upstreams = [0, 1, 2].map((index) =>
    upstream(index, { servers: [server(`10.0.0.${index + 1}:80`)] }),
  );
  const digest = bundler().bundle(resources({ hosts, upstreams }), agent, installed).digest;
  const reversed = <T extends object>(value: T): T =>
    Array.isArray(value)
      ? value
      : (Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, one]: [string, unknown]) => [
              key,
              typeof one === 'object' && one !== null ? reversedDeep(one) : one,
            ]),
        ) as T);
  const reversedDeep = (value: object): object =>
    Array.isArray(value)
      ? value.map((one: unknown) => (typeof one === 'object' && one !== null ? reversedDeep(one) : one))
      : reversed(value);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(hosts, { minLength: 20 }),
      fc.shuffledSubarray(upstreams, { minLength: 3 }),
      (someHosts, someUpstreams) => {
        const shuffled = resources({
          hosts: someHosts.map(reversed),
          upstreams: someUpstreams.map(reversed),
        });
        assert.is(
          bundler().bundle(shuffled, { labels: agent.labels, id: agent.id }, reversed(installed)).digest,
          digest,
        );
      },
    ),
    { seed: SEED, numRuns: 50 },
  );
});

/** One change to a workspace, in place, as a fold makes it. */
const change = fc.oneof(
  fc.record({
    kind: fc.constant('host' as const),
    index: fc.nat(7),
    port: fc.constantFrom(80, 81),
    labels: fc.constantFrom('env=production', 'env=test'),
  }),
  fc.record({ kind: fc.constant('tls' as const), index: fc.nat(7) }),
  fc.record({ kind: fc.constant('remove' as const), index: fc.nat(7) }),
  fc.record({
    kind: fc.constant('upstream' as const),
    index: fc.nat(2),
    weight: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ kind: fc.constant('certificate' as const), letter: fc.constantFrom('a', 'b', 'c') }),
);

test('after any changes, what was kept and what is made anew have the same bytes', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 30 }), (changes) => {
      const state = start();
      const kept = bundler();
      for (const one of changes) {
        switch (one.kind) {
          case 'host':
            state.virtualHosts.set(
              hostId(one.index),
              hostOn(one.index, {
                listen_port: one.port,
                target_agents: { type: 'selector', label_selector: one.labels },
              }),
            );
            break;
          case 'tls':
            state.virtualHosts.set(
              hostId(one.index),
              hostOn(one.index, {
                listen_port: 443,
                ssl_enabled: true,
                ssl_certificate_id: certificateId(0),
              }),
            );
            break;
          case 'remove':
            state.virtualHosts.delete(hostId(one.index));
            break;
          case 'upstream':
            state.upstreams.set(
              upstreamId(one.index),
              upstream(one.index, { servers: [server('10.0.0.1:80', { weight: one.weight })] }),
            );
            break;
          case 'certificate':
            state.certificates.set(certificateId(0), certificate(0, one.letter.repeat(64)));
            break;
          default:
            assert.unreachable();
        }
        for (const env of ['production', 'test']) {
          const someone = { id: agent.id, labels: { env } };
          const ours = kept.bundle(state, someone, installed);
          const fresh = render(compile(state, someone), installed);
          assert.equal(ours, fresh);
        }
      }
    }),
    { seed: SEED, numRuns: 150 },
  );
});

test('a snapshot stays what it was', () => {
  const state = start();
  state.virtualHosts.set(hostId(1), hostOn(1));
  const kept = bundler();
  const before = kept.snapshot(state);
  const digest = render(compile(state, agent), installed).digest;
  state.virtualHosts.set(hostId(1), hostOn(1, { server_name: 'other.test' }));
  state.virtualHosts.set(hostId(2), hostOn(2));
  state.upstreams.set(upstreamId(1), upstream(1, { servers: [server('10.9.9.9:80')] }));
  const after = kept.snapshot(state).bundle(agent, installed);
  assert.is(before.bundle(agent, installed).digest, digest);
  assert.is.not(after.digest, digest);
  assert.is(before.bundle(agent, installed).digest, digest);
});

test('agents that run the same share one bundle, one that a host names has its own', () => {
  const state = start();
  state.virtualHosts.set(hostId(1), hostOn(1));
  state.virtualHosts.set(hostId(2), hostOn(2, { target_agents: { type: 'list', agent_ids: ['x', 'y'] } }));
  const snapshot = bundler().snapshot(state);
  const of = (id: string, env = 'production'): Bundle => snapshot.bundle({ id, labels: { env } }, installed);
  assert.is(of('a'), of('b'));
  assert.is.not(of('x').digest, of('a').digest);
  assert.is(of('x'), of('y'));
  assert.ok(of('x').files.some(({ path }) => path === `vhosts/${hostId(2)}.conf`));
  const older = snapshot.bundle({ id: 'a', labels: {} }, { ...installed, nginxVersion: '1.18.0' });
  assert.ok(older.files.length > 0);
});

test('what nobody changed is not rendered again', () => {
  const state = start();
  for (let index = 0; index < 10; index++) {
    state.virtualHosts.set(hostId(index), hostOn(index));
  }
  const kept = bundler();
  const before = kept.bundle(state, agent, installed);
  assert.is(kept.bundle(state, agent, installed), before);
  state.virtualHosts.set(hostId(3), hostOn(3, { server_name: 'other.test' }));
  const after = kept.bundle(state, agent, installed);
  const fresh = after.files.filter((file) => !before.files.includes(file));
  assert.equal(
    fresh.map(({ path }) => path),
    [`vhosts/${hostId(3)}.conf`],
  );
});

test('a refusal leaves everything as it was', () => {
  const state = start();
  state.virtualHosts.set(hostId(1), hostOn(1));
  const kept = bundler();
  const before = kept.bundle(state, agent, installed).digest;
  state.virtualHosts.set(hostId(2), hostOn(2, { listen_port: 443, ssl_enabled: true }));
  for (let time = 0; time < 2; time++) {
    assert.throws(
      () => kept.bundle(state, agent, installed),
      (error: unknown) => error instanceof RenderRefused && error.provenance.id === hostId(2),
    );
  }
  state.virtualHosts.delete(hostId(2));
  assert.is(kept.bundle(state, agent, installed).digest, before);
});

test.run();
