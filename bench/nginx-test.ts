// SPDX-License-Identifier: Apache-2.0
/**
 * What nginx itself takes to read a configuration (`nginx -t`): our rendering of hosts on 20 shared upstreams against
 * one server and one upstream a host, as it is commonly rendered, with no header at all (lean) or the four usual ones
 * in each location (usual). The same names, locations and addresses; one file a host in each; alternating runs.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type BundleFile,
  compile,
  type HostSpec,
  render,
  renderFrame,
  type UpstreamSpec,
} from '../nginx/index.js';
import { DEBIAN, type Fleet, fleet, median } from './fixtures.js';

const NGINX = '/usr/sbin/nginx';
const UPSTREAMS = 20;
const HEADERS = [
  'proxy_set_header Host $host;',
  'proxy_set_header X-Real-IP $remote_addr;',
  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
  'proxy_set_header X-Forwarded-Proto $scheme;',
];

type File = Pick<BundleFile, 'path' | 'content'>;

/** A server and an upstream of its own for every host. */
function common(host: HostSpec, upstream: UpstreamSpec, headers: readonly string[]): File {
  const name = `up_${host.id.replaceAll('-', '')}`;
  const content = [
    `upstream ${name} {`,
    ...upstream.servers.map(({ address }) => `    server ${address};`),
    `    keepalive ${upstream.keepalive_connections};`,
    '}',
    'server {',
    `    listen ${host.listen_port};`,
    `    server_name ${host.server_name};`,
    ...host.locations.flatMap(({ path }) => [
      `    location ${path} {`,
      '        proxy_http_version 1.1;',
      ...headers.map((header) => `        ${header}`),
      `        proxy_pass http://${name};`,
      '    }',
    ]),
    '}',
  ];
  return { path: `hosts/${host.id}.conf`, content: `${content.join('\n')}\n` };
}

const commonFiles = ({ virtualHosts, upstreams }: Fleet, headers: readonly string[]): readonly File[] => {
  const all = [...upstreams.values()];
  const http = 'server_names_hash_bucket_size 512;\nserver_names_hash_max_size 65536;\n';
  return [
    { path: 'http.conf', content: http },
    ...[...virtualHosts.values()].flatMap((host, index) => {
      const upstream = all[index % all.length];
      return upstream ? [common(host, upstream, headers)] : [];
    }),
  ];
};

/** Writes a configuration; returns what tests it once and gives the milliseconds. */
function prepared(files: readonly File[]): { test(): number; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
  const paths = files.map(({ path, content }) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  });
  const frame = renderFrame({
    mode: 'own',
    capabilities: DEBIAN,
    digest: '0'.repeat(64),
    version: 1,
    paths: {
      pid: join(root, 'pid'),
      errorLog: join(root, 'error.log'),
      proofSocket: join(root, 'p'),
      tempDir: root,
    },
    files: paths,
  });
  const conf = join(root, 'nginx.conf');
  writeFileSync(conf, frame);
  return {
    test: () => {
      const start = performance.now();
      const run = spawnSync(NGINX, ['-t', '-p', root, '-c', conf, '-e', join(root, 'e')], {
        encoding: 'utf8',
      });
      const ms = performance.now() - start;
      if (run.status !== 0) {
        throw new Error(run.stderr.slice(0, 500));
      }
      return ms;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

const column = (value: number | string): string =>
  (typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 0) : value).padStart(12);

console.log('nginx -t, medians in ms');
console.log(['hosts', 'ours', 'lean', 'usual', 'ours/lean', 'ours/usual'].map(column).join(''));
for (const hosts of [10, 100, 1000, 10_000]) {
  const resources = fleet(hosts, UPSTREAMS, 18_080);
  const ours = prepared(render(compile(resources, { id: 'a', labels: {} }), DEBIAN).files);
  const lean = prepared(commonFiles(resources, []));
  const usual = prepared(commonFiles(resources, HEADERS));
  const times: Record<'ours' | 'lean' | 'usual', number[]> = { ours: [], lean: [], usual: [] };
  try {
    for (let run = 0; run < (hosts > 1000 ? 5 : 11); run++) {
      times.lean.push(lean.test());
      times.ours.push(ours.test());
      times.usual.push(usual.test());
    }
  } finally {
    for (const one of [ours, lean, usual]) {
      one.remove();
    }
  }
  const [a, b, c] = [median(times.ours), median(times.lean), median(times.usual)];
  console.log([hosts, a, b, c, a / b, a / c].map(column).join(''));
}
