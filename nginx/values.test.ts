// SPDX-License-Identifier: Apache-2.0
/** Each kind of value against its verdict. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkHeader,
  checkLocationPath,
  checkProxyPass,
  checkSelector,
  checkServerAddress,
  checkServerName,
} from './index.js';

type Row = readonly [input: string, code: string | undefined];

function table(
  name: string,
  check: (input: string) => { code: string } | undefined,
  rows: readonly Row[],
): void {
  test(name, () => {
    for (const [input, code] of rows) {
      assert.is(check(input)?.code, code, JSON.stringify(input));
    }
  });
}

const BAD = 'INVALID_FORMAT';
const FORBIDDEN = 'FORBIDDEN_ADDRESS';

table('server names', checkServerName, [
  ['example.com', undefined],
  ['EXAMPLE.com', undefined],
  ['*.example.com', undefined],
  ['www.example.*', undefined],
  ['xn--bcher-kva.example', undefined],
  ['10.0.0.1', undefined],
  ['[::1]', undefined],
  ['localhost', undefined],
  ['', BAD],
  ['_', BAD],
  ['.example.com', BAD],
  ['example.com.', BAD],
  ['a..b', BAD],
  ['*', BAD],
  ['*.*', BAD],
  ['a*.example.com', BAD],
  ['~^www\\d+$', BAD],
  ['bücher.example', BAD],
  ['a;b', BAD],
  ['a b', BAD],
  ['a\nb', BAD],
  ['$host', BAD],
  ['[::1', BAD],
  ['127.1', BAD],
  ['-a.example', BAD],
  [`${'a'.repeat(64)}.example`, BAD],
  [`${'a.'.repeat(126)}ab`, BAD],
  [`${'a.'.repeat(126)}a`, undefined],
  ['a'.repeat(5000), BAD],
]);

table('addresses', checkServerAddress, [
  ['10.0.1.20:8080', undefined],
  ['127.0.0.1:1', undefined],
  ['backend.internal:65535', undefined],
  ['back_end:80', undefined],
  ['[::1]:80', undefined],
  ['[2001:db8::1]:80', undefined],
  ['[::ffff:10.0.0.1]:80', undefined],
  ['10.0.1.20', BAD],
  ['10.0.1.20:0', BAD],
  ['10.0.1.20:65536', BAD],
  ['10.0.1.20:080', BAD],
  ['10.0.1.20:80:80', BAD],
  ['2130706433:80', BAD],
  ['0x7f.1:80', BAD],
  ['127.1:80', BAD],
  ['010.0.0.1:80', BAD],
  ['256.0.0.1:80', BAD],
  ['1.2.3.4.5:80', BAD],
  ['[::1%lo]:80', BAD],
  ['[1::2::3]:80', BAD],
  ['::1:80', BAD],
  ['unix:/tmp/x:80', BAD],
  ['a;b:80', BAD],
  ['a$b:80', BAD],
  ['169.254.169.254:80', FORBIDDEN],
  ['169.254.0.1:80', FORBIDDEN],
  ['100.100.100.200:80', FORBIDDEN],
  ['0.0.0.0:80', FORBIDDEN],
  ['224.0.0.1:80', FORBIDDEN],
  ['255.255.255.255:80', FORBIDDEN],
  ['[fe80::1]:80', FORBIDDEN],
  ['[febf::1]:80', FORBIDDEN],
  ['[fec0::1]:80', undefined],
  ['[fd00:ec2::254]:80', FORBIDDEN],
  ['[fd00:ec2:0:0:0:0:0:254]:80', FORBIDDEN],
  ['[::ffff:169.254.169.254]:80', FORBIDDEN],
  ['[::ffff:a9fe:a9fe]:80', FORBIDDEN],
  ['[64:ff9b::169.254.169.254]:80', FORBIDDEN],
  ['[2002:a9fe:a9fe::]:80', FORBIDDEN],
  ['[::169.254.169.254]:80', FORBIDDEN],
  ['[::]:80', FORBIDDEN],
  ['metadata.google.internal:80', FORBIDDEN],
  ['METADATA.google.internal:80', FORBIDDEN],
]);

table('proxied URLs', checkProxyPass, [
  ['http://localhost:8080/health', undefined],
  ['https://example.com', undefined],
  ['http://[::1]:8080/', undefined],
  ['ftp://example.com', BAD],
  ['http://', BAD],
  ['http://user:pass@example.com/', BAD],
  ['http://x/?a=b', BAD],
  ['http://x/#;load_module /x/e.so;', BAD],
  ['http://x/a b', BAD],
  ['http://x/../y', BAD],
  ['http://unix:/tmp/s.sock', BAD],
  ['http://0x7f.1/', BAD],
  ['http://$http_host', 'VARIABLE_NOT_ALLOWED'],
  ['http://x/$uri', 'VARIABLE_NOT_ALLOWED'],
  ['http://169.254.169.254/latest', FORBIDDEN],
  ['http://[fe80::1]/', FORBIDDEN],
]);

table('location paths', checkLocationPath, [
  ['/', undefined],
  ['/api/v1', undefined],
  ['/a-b_c~d/', undefined],
  ['', BAD],
  ['api', BAD],
  ['/a b', BAD],
  ['/a%20b', BAD],
  ['/a//b', BAD],
  ['/a/../b', BAD],
  ['/a/.', BAD],
  ['/a/.well-known', undefined],
  ['/bla{alias /var/lib/nxmesh/;}location ~* ^/abcd', BAD],
  ...['\n', '\r', '\v', '\f', '\u0085', '\u00a0', '\u2028', '\u3000', '\0'].map(
    (one): Row => [`/a${one}`, BAD],
  ),
]);

const BRACED_SCHEME = '$' + '{scheme}s';
const BRACED_URI = '$' + '{uri}';
const value = (text: string) => checkHeader({ name: 'X-A', value: text, applies_to: 'response' });

table('header values', value, [
  ['', undefined],
  ['plain', undefined],
  ['a"; alias /etc/; #', undefined],
  ['$scheme', undefined],
  [BRACED_SCHEME, undefined],
  ['x $http_x_y $arg_a $upstream_http_z', undefined],
  ['日本語', undefined],
  ['$uri', 'VARIABLE_NOT_ALLOWED'],
  [BRACED_URI, 'VARIABLE_NOT_ALLOWED'],
  ['$document_uri', 'VARIABLE_NOT_ALLOWED'],
  ['$remote_user', 'VARIABLE_NOT_ALLOWED'],
  ['$request_body', 'VARIABLE_NOT_ALLOWED'],
  ['costs 5$', 'VARIABLE_NOT_ALLOWED'],
  ['${', 'VARIABLE_NOT_ALLOWED'],
  ['$1', 'VARIABLE_NOT_ALLOWED'],
  ['a\r\nb', BAD],
  ['a\u2028b', BAD],
  ['a\ud800b', BAD],
  ['"'.repeat(2001), BAD],
  ['"'.repeat(2000), undefined],
]);

const name = (text: string) => checkHeader({ name: text, value: '', applies_to: 'request' });

table('header names', name, [
  ['X-Real-IP', undefined],
  ['Host', undefined],
  ['X;}location /pwned {', BAD],
  ['new\nline', BAD],
  ['X$a', BAD],
  ['', BAD],
  ['Connection', 'HEADER_NOT_ALLOWED'],
  ['transfer-encoding', 'HEADER_NOT_ALLOWED'],
  ['Content-Length', 'HEADER_NOT_ALLOWED'],
]);

table('selectors', checkSelector, [
  ['env=production', undefined],
  ['env=production,region=us-east', undefined],
  ['env=', undefined],
  ['', BAD],
  ['env', BAD],
  ['env=a,env=b', BAD],
  ['env=a,', BAD],
  ['env=a b', BAD],
  [`env=${'a'.repeat(64)}`, BAD],
]);

test.run();
