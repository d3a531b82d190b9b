// SPDX-License-Identifier: Apache-2.0
/** The corpus against schemas, checks and renderer; what is accepted goes through the real nginx. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { completeListen, completeLocation } from '../../domain/virtual-host/input.js';
import type { ErrorDetail } from '../../kernel/index.js';
import { GRAMMAR } from '../../nginx/grammar.js';
import {
  checkHost,
  checkUpstream,
  compile,
  type HostSpec,
  render,
  type UpstreamSpec,
} from '../../nginx/index.js';
import { folder, freePort, installed, testConfig, writeBundle } from '../../nginx/nginx.harness.js';
import { type PlainDirective, parseConfig } from '../../nginx/parse.js';
import { agent, host, resources, server, upstream } from '../../nginx/specs.harness.js';
import { CreateUpstream, CreateVirtualHost, validator } from '../../schemas/index.js';
import { type Case, injectionCases } from './load.js';

const validHost = validator(CreateVirtualHost);
const validUpstream = validator(CreateUpstream);

const hostOf = (index: number, { locations, listens, server_name, ...body }: CreateVirtualHost): HostSpec =>
  host(index, {
    ...body,
    server_name: typeof server_name === 'string' ? server_name : server_name.join(' '),
    listens: (listens ?? []).map(completeListen),
    locations: (locations ?? []).map(completeLocation),
  });

const upstreamOf = (index: number, body: CreateUpstream): UpstreamSpec =>
  upstream(index, {
    ...body,
    servers: body.servers.map(({ address, ...more }) => server(address, more)),
  });

/** What the API would answer, and the host when it would accept one. */
function judge(one: Case, index: number): { details: readonly ErrorDetail[]; accepted?: HostSpec } {
  if (one.resource === 'upstream') {
    const body = validUpstream(one.body);
    return { details: body.ok ? checkUpstream(upstreamOf(index, body.value)) : body.details };
  }
  const body = validHost(one.body);
  if (!body.ok) {
    return { details: body.details };
  }
  const accepted = hostOf(index, body.value);
  return { details: checkHost(accepted), accepted };
}

const cases = injectionCases();
const accepted: HostSpec[] = [];

test('every case has the verdict that stands beside it, at once', () => {
  assert.ok(cases.length > 400);
  assert.is(new Set(cases.map(({ id }) => id)).size, cases.length);
  const wrong = cases.flatMap((one, index) => {
    const start = performance.now();
    const verdict = judge(one, index);
    const took = performance.now() - start;
    const said = verdict.details.map(({ field, code }) => `${field} ${code}`);
    const expected = one.expect === 'accepted' ? [] : [`${one.expect.field} ${one.expect.code}`];
    if (one.expect === 'accepted' && verdict.accepted) {
      accepted.push(verdict.accepted);
    }
    const right = one.expect === 'accepted' ? said.length === 0 : said.includes(expected[0] ?? '');
    return right && took < 50
      ? []
      : [`${one.id} ${took.toFixed(0)} ms: ${JSON.stringify(said)}, not ${expected.join()}`];
  });
  assert.equal(wrong, []);
});

test('what a refused field holds is not repeated at length', () => {
  for (const [index, one] of cases.entries()) {
    for (const { message } of judge(one, index).details) {
      assert.ok(message.length < 300, `${one.id}: ${message}`);
      assert.not.match(message, /[\p{Cc}\p{Zl}]/u, one.id);
    }
  }
});

/** All directives of a tree, and those inside. */
const all = (tree: readonly PlainDirective[]): readonly PlainDirective[] =>
  tree.flatMap((one) =>
    one.name === 'map' || one.name === 'types' ? [one] : [one, ...all(one.block ?? [])],
  );

test('what is accepted stays in its place, and the real nginx takes it without a warning', async () => {
  assert.ok(accepted.length > 30, `${accepted.length} accepted`);
  const port = await freePort();
  const hosts = accepted.map((one) => ({ ...one, listen_port: port }));
  const at = folder();
  try {
    const capabilities = { ...installed, webRoots: { site: join(at.path, 'site') } };
    const bundle = render(compile(resources({ hosts }), agent), capabilities);
    for (const { path, content } of bundle.files) {
      const names = all(parseConfig(content)).map(({ name }) => name);
      assert.equal(
        names.filter((name) => !Object.hasOwn(GRAMMAR, name)),
        [],
        path,
      );
      assert.not.match(content, /\$[0-9]/, path);
      if (path.startsWith('vhosts/')) {
        assert.is(names.filter((name) => name === 'server').length, 1, path);
      }
    }
    const tested = testConfig(at, writeBundle(at, bundle, capabilities));
    assert.ok(tested.ok, tested.output);
  } finally {
    at.remove();
  }
});

test.run();
