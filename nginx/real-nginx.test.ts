// SPDX-License-Identifier: Apache-2.0
/**
 * The real nginx reads what we render as we meant it: values answered over a socket, dumps read back, and its own
 * verdict on odd words compared with our lexer's.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, render } from './index.js';
import { LexError } from './lexer.js';
import { ask, folder, installed, startNginx, testConfig, writeBundle } from './nginx.harness.js';
import { type PlainDirective, parseConfig } from './parse.js';
import { renderTree } from './renderer.js';
import { agent, resources } from './specs.harness.js';
import { type Directive, int, text } from './tree.js';
import { plainText, SEED, special } from './values.harness.js';

const VALUES = 2500;
const values = fc.sample(plainText, { seed: SEED, numRuns: VALUES });
const sha = (value: string): string => createHash('sha256').update(value).digest('hex');

/** A server on a unix socket that answers the n-th value at `/n` and carries it in a header too. */
function echoServer(): string {
  const locations = values.map(
    (value, index): Directive => ({
      name: 'location',
      args: [{ kind: 'url-path', path: `/${index}` }],
      block: [
        { name: 'add_header', args: [{ kind: 'header-name', name: 'X-Value' }, text(value)] },
        { name: 'return', args: [int(200), text(value)] },
      ],
    }),
  );
  const server: Directive = {
    name: 'server',
    args: [],
    block: [
      { name: 'listen', args: [{ kind: 'unix-socket', path: join(at.path, 'echo.sock') }] },
      ...locations,
    ],
  };
  return renderTree([server], { context: 'http' });
}

const at = folder();
const empty = render(compile(resources({}), agent), installed);

test(`${VALUES} generated values are answered by a running nginx, byte for byte`, async () => {
  const content = echoServer();
  const bundle = {
    digest: empty.digest,
    files: [...empty.files, { path: 'echo.conf', sha256: sha(content), content }],
  };
  const conf = writeBundle(at, bundle);
  const tested = testConfig(at, conf);
  assert.ok(tested.ok, tested.output);
  const nginx = await startNginx(at, conf);
  try {
    const socketPath = join(at.path, 'echo.sock');
    for (let from = 0; from < VALUES; from += 50) {
      const answers = await Promise.all(
        values.slice(from, from + 50).map((_, index) => ask({ socketPath }, `/${from + index}`)),
      );
      for (const [index, { status, body, headers }] of answers.entries()) {
        const value = values[from + index] ?? '';
        assert.is(status, 200);
        assert.is(body, value);
        // A header's value is trimmed by whoever reads it, and an empty one is not sent.
        const sent = Buffer.from(String(headers['x-value'] ?? ''), 'latin1').toString('utf8');
        assert.is(sent, value.trim());
      }
    }
  } finally {
    await nginx.stop();
  }
});

test('nginx -T shows the same directives', () => {
  const content = echoServer();
  const bundle = {
    digest: empty.digest,
    files: [...empty.files, { path: 'echo.conf', sha256: sha(content), content }],
  };
  const { ok, dump, output } = testConfig(at, writeBundle(at, bundle), '-T');
  assert.ok(ok, output);
  const shown = dump.split(/^# configuration file .*:\n/m).find((file) => file.includes('echo.sock'));
  const [server] = parseConfig(shown ?? '');
  const locations = server?.block?.filter(({ name }) => name === 'location') ?? [];
  assert.equal(
    locations.map(({ block }) => block?.map(({ name, args }) => [name, ...args])),
    values.map((value) => [
      ['add_header', 'X-Value', value],
      ['return', '200', value],
    ]),
  );
});

test('our lexer and nginx agree on 150 odd words', () => {
  const odd = fc
    .array(fc.oneof(special, fc.constantFrom('a', 'b', '\n', '\t')), { minLength: 1, maxLength: 7 })
    .map((pieces) => pieces.join('').replaceAll('$', 'x'));
  let accepted = 0;
  for (const raw of fc.sample(odd, { seed: SEED, numRuns: 150 })) {
    const server = ['server { listen unix:', join(at.path, 'odd.sock'), '; return 200 ', raw, '; }'].join('');
    const conf = at.write('odd.conf', ['events {} http { ', server, ' }'].join(''));
    const ours = verdict(server);
    accepted += ours ? 1 : 0;
    assert.is(testConfig(at, conf).output.includes('test is successful'), ours, JSON.stringify(raw));
  }
  assert.ok(accepted > 15 && accepted < 135, `${accepted} accepted`);
});

/** Whether this is one server that returns one value, and nothing else. */
function verdict(server: string): boolean {
  try {
    const tree: readonly PlainDirective[] = parseConfig(server);
    const [, second, ...more] = tree[0]?.block ?? [];
    return (
      tree.length === 1 &&
      more.length === 0 &&
      second?.name === 'return' &&
      second.args.length <= 2 &&
      !second.block
    );
  } catch (error) {
    if (error instanceof LexError) {
      return false;
    }
    throw error;
  }
}

test.after(() => at.remove());

test.run();
