// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOn, openBench, removeFolder, tempFolder, updateOf } from '../nginx.harness.js';
import { hostCertificate } from '../state/certificates.js';
import { fatalWarnings, PATTERNS, reasonOf, reasonOfErrno } from './reasons.js';

const folder = tempFolder();
test.after(() => removeFolder(folder));

function selfSigned(name: string, kind: string[]): { pem: string; key: string } {
  const key = join(folder, `${name}.key`);
  const pem = join(folder, `${name}.pem`);
  execFileSync(
    'openssl',
    [...'req -x509 -nodes -days 30 -subj /CN=x -keyout'.split(' '), key, '-out', pem, ...kind],
    {
      stdio: 'ignore',
    },
  );
  chmodSync(key, 0o644);
  chmodSync(pem, 0o644);
  return { pem, key };
}
const EC = '-newkey ec -pkeyopt ec_paramgen_curve:P-256'.split(' ');
const a = selfSigned('a', EC);
const b = selfSigned('b', EC);
const weak = selfSigned('weak', '-newkey rsa:1024'.split(' '));
const tls = (pem: string, key: string): string =>
  `server { listen 127.0.0.1:1 ssl; ssl_certificate "${pem}"; ssl_certificate_key "${key}"; }`;

/** What stands in `vhosts/x.conf` → reason, line that nginx points at (0: nowhere), what its words hold. */
const REFUSED: readonly (readonly [string, string, number, RegExp])[] = [
  ['# one\nbad_word x;', 'SYNTAX', 2, /unknown directive "bad_word"/],
  ['server { listen 127.0.0.1:1 }', 'SYNTAX', 1, /unexpected "}"/],
  ['server {\n', 'SYNTAX', 2, /unexpected end of file, expecting "}"/],
  ['server {\n  listen;\n}', 'SYNTAX', 2, /invalid number of arguments in "listen" directive/],
  ['server { return 200 $nosuch; }', 'SYNTAX', 0, /unknown "nosuch" variable/],
  [
    'server { listen 127.0.0.1:1; server_name n; }\nserver { listen 127.0.0.1:1; server_name n; }',
    'SYNTAX',
    0,
    /conflicting server name "n" on 127.0.0.1:1, ignored/,
  ],
  [
    'upstream u {\n server no.such.invalid:80;\n}',
    'HOST_NOT_FOUND',
    2,
    /host not found in upstream "no.such.invalid:80"/,
  ],
  [
    'server { listen nope.invalid:1; }',
    'HOST_NOT_FOUND',
    1,
    /host not found in "nope.invalid:1" of the "listen"/,
  ],
  ['resolver nope.invalid;', 'HOST_NOT_FOUND', 1, /host not found in resolver/],
  ['server { listen 203.0.113.9:18080; }', 'HOST_NOT_FOUND', 0, /Cannot assign requested address/],
  [
    'server { listen 127.0.0.1:1 ssl; }',
    'CERT_UNREADABLE',
    1,
    /no "ssl_certificate" is defined for the "listen ... ssl" directive/,
  ],
  [
    tls('certificates/none.pem', 'certificates/none.key'),
    'CERT_UNREADABLE',
    0,
    /cannot load certificate "certificates\/none.pem"/,
  ],
  [tls(a.key, a.key), 'CERT_UNREADABLE', 0, /no start line/],
  [
    tls(a.pem, 'certificates/none.key'),
    'CERT_UNREADABLE',
    0,
    /cannot load certificate key "certificates\/none.key"/,
  ],
  [tls(a.pem, b.key), 'CERT_KEY_MISMATCH', 0, /key values mismatch/],
  [tls(weak.pem, weak.key), 'CERT_UNREADABLE', 0, /ee key too small/],
  ['access_log /proc/nowhere/x.log;', 'SYNTAX', 0, /No such file or directory/],
];

test('what the real nginx refuses gets its reason, and the place in the bundle', async () => {
  const { core, apply } = await openBench(join(folder, 's'));
  for (const [text, reason, line, words] of REFUSED) {
    const outcome = await apply(updateOf({ 'vhosts/x.conf': text }));
    assert.is(outcome.status, 'FAILED', text);
    assert.is(outcome.reason, reason, `${text}: ${outcome.nginxOutput}`);
    assert.match(outcome.nginxOutput, words);
    assert.equal([outcome.file, outcome.line], line === 0 ? ['', 0] : ['vhosts/x.conf', line], text);
    assert.not.match(outcome.nginxOutput, core.layout.root);
    assert.is(core.store.current(), undefined, 'nothing is linked');
  }
  core.close();
});

test('a token of a foreign file is not told', async () => {
  const secret = join(folder, 'secret');
  execFileSync('sh', ['-c', `printf 'DB_PASSWORD="hunter2" x y;' > ${secret}`]);
  const { core, apply } = await openBench(join(folder, 's'));
  const outcome = await apply(updateOf({ 'vhosts/x.conf': `include ${secret};` }));
  assert.is(outcome.status, 'FAILED');
  assert.not.match(JSON.stringify(outcome), 'hunter2');
  assert.not.match(JSON.stringify(outcome), 'DB_PASSWORD');
  assert.match(outcome.nginxOutput, /unknown directive "\[masked\]" in /);
  core.close();
});

test('a certificate that comes with the update is found by its path in the bundle', async () => {
  const { core, apply } = await openBench(join(folder, 's'));
  const { readFileSync } = await import('node:fs');
  const cert = hostCertificate(readFileSync(a.pem, 'utf8'), readFileSync(a.key, 'utf8'));
  const server = await listenOn(0);
  const port = (server.address() as { port: number }).port;
  await new Promise((done) => server.close(done));
  const files = {
    'vhosts/x.conf': `server { listen 127.0.0.1:${port} ssl; ssl_certificate "certificates/${cert.fingerprint}.pem"; ssl_certificate_key "certificates/${cert.fingerprint}.key"; }`,
  };
  const outcome = await apply(updateOf(files, [cert]));
  assert.is(outcome.status, 'SUCCESS', outcome.nginxOutput);
  core.close();
});

test('words that are not from a test', () => {
  const said: readonly (readonly [string, string])[] = [
    ['[emerg] bind() to 127.0.0.1:80 failed (98: Address already in use)', 'PORT_IN_USE'],
    ['[emerg] still could not bind()', 'PORT_IN_USE'],
    ['[emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)', 'PERMISSION'],
    ['[emerg] open() "/x" failed (30: Read-only file system)', 'PERMISSION'],
    ['[emerg] write() "/x" failed (28: No space left on device)', 'DISK_FULL'],
    ['[emerg] mkdir() "/x" failed (122: Disk quota exceeded)', 'DISK_FULL'],
    ['[alert] worker process 7 exited on signal 11', 'WORKER_CRASH'],
    ['[alert] worker process 7 exited with fatal code 2 and cannot be respawned', 'WORKER_CRASH'],
    ['[emerg] open() "/x" failed (24: Too many open files)', 'PERMISSION'],
    ['[emerg] pread() "/x" failed (5: Input/output error)', 'PERMISSION'],
    ['spawn /usr/sbin/nginx EMFILE', 'HEALTH_GATE'],
    ['ended by SIGKILL', 'HEALTH_GATE'],
    ['[emerg] limit_req "a" uses the "$uri" key while previously it used the "$remote_addr" key', 'SYNTAX'],
  ];
  for (const [words, reason] of said) {
    assert.is(reasonOf(words), reason, words);
  }
  const used = new Set([...said.map(([, reason]) => reason), ...REFUSED.map(([, reason]) => reason)]);
  for (const [pattern, reason] of PATTERNS) {
    assert.ok(used.has(reason), `${pattern} is tried`);
  }
  assert.is(reasonOfErrno('ENOSPC'), 'DISK_FULL');
  assert.is(reasonOfErrno('EACCES'), 'PERMISSION');
});

test('harmless warnings pass, every other is fatal', () => {
  const line = (text: string): string => `2026/11/21 09:08:06 [warn] 1#1: ${text}\n`;
  const user = line(
    'the "user" directive makes sense only if the master process runs with super-user privileges',
  );
  assert.equal(fatalWarnings(user), []);
  assert.is(fatalWarnings(user + line('something new')).length, 1);
});

test.run();
