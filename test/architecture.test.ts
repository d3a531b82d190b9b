// SPDX-License-Identifier: Apache-2.0
/**
 * The rooms of docs/architecture.md: what may import what, entered through `index.ts` only, third-party clients in their
 * adapter's folder only, no cycles. Read from the import specifiers of the sources.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = join(import.meta.dirname, '..', '..');

/** Room → rooms that it may import. */
const ROOMS: Record<string, readonly string[] | 'all'> = {
  kernel: [],
  schemas: ['kernel'],
  proto: [],
  nginx: ['kernel'],
  domain: ['kernel', 'schemas', 'nginx'],
  'event-log': ['kernel', 'schemas'],
  'read-store': ['kernel'],
  vault: ['kernel', 'read-store'],
  http: ['kernel', 'schemas'],
  commands: ['kernel', 'schemas', 'domain', 'event-log', 'vault', 'http'],
  projections: ['kernel', 'schemas', 'domain', 'nginx', 'event-log', 'read-store'],
  'read-api': ['kernel', 'schemas', 'read-store', 'projections', 'http'],
  'agent-gateway': ['kernel', 'schemas', 'proto', 'domain', 'nginx', 'event-log', 'read-store', 'vault'],
  publishers: ['kernel', 'schemas', 'event-log', 'read-store', 'vault'],
  agent: ['kernel', 'schemas', 'proto', 'nginx'],
  app: 'all',
  demo: 'all',
  test: 'all',
  bench: 'all',
};

/** Package → the folders that may import it. */
const CLIENTS: Record<string, readonly string[]> = {
  '@photostructure/sqlite': ['event-log/sqlite', 'read-store/sqlite'],
  '@eventstore/db-client': ['event-log/eventstoredb'],
  mongodb: ['read-store/mongodb'],
  kafkajs: ['publishers'],
  '@grpc/grpc-js': ['agent-gateway', 'agent', 'proto'],
  koa: ['http'],
  'koa-compress': ['http'],
  'prom-client': ['app'],
  '@koa/router': ['http'],
  'koa-jwt': ['http'],
  ajv: ['schemas'],
  typebox: ['schemas'],
};

const sources = Object.keys(ROOMS).flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('gen/'))
    .map((name) => join(room, name)),
);

const SPECIFIER =
  /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)\s*import\s+'([^']+)'/g;

interface Import {
  file: string;
  specifier: string;
  /** Path from the root when it is one of ours. */
  target?: string;
}

const imports: Import[] = sources.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(SPECIFIER)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    return specifier.startsWith('.')
      ? { file, specifier, target: normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts') }
      : { file, specifier };
  }),
);

const roomOf = (file: string): string => file.split('/')[0] ?? '';
const isTest = (file: string): boolean =>
  /^(test|bench|demo)\//.test(file) || /\.test\.ts$|\.(contract|harness|fixture)\.ts$/.test(file);

test('reads the sources', () => {
  assert.ok(sources.length >= 40, `only ${sources.length} files`);
  assert.ok(imports.length >= 100, `only ${imports.length} imports`);
});

test('a room imports only the rooms that it may, through their index', () => {
  const wrong = imports.filter(({ file, target }) => {
    if (target === undefined || isTest(file) || roomOf(target) === roomOf(file)) {
      return false;
    }
    const allowed = ROOMS[roomOf(file)];
    const allowedRoom = allowed === 'all' || allowed?.includes(roomOf(target));
    return !allowedRoom || target !== `${roomOf(target)}/index.ts`;
  });
  // `app` starts roles and adapters lazily by their own entry, and nobody imports `app`.
  const remaining = wrong.filter(
    ({ file, target }) => roomOf(file) !== 'app' || roomOf(target ?? '') === 'app',
  );
  assert.equal(
    remaining.map(({ file, specifier }) => `${file} → ${specifier}`),
    [],
  );
});

test('nobody imports app', () => {
  const wrong = imports.filter(
    ({ file, target }) => target && roomOf(target) === 'app' && roomOf(file) !== 'app' && !isTest(file),
  );
  assert.equal(
    wrong.map(({ file, specifier }) => `${file} → ${specifier}`),
    [],
  );
});

test('third-party clients stay in their folder', () => {
  const wrong = imports.filter(({ file, specifier, target }) => {
    const name = Object.keys(CLIENTS).find(
      (client) => specifier === client || specifier.startsWith(`${client}/`),
    );
    return (
      target === undefined &&
      name !== undefined &&
      !isTest(file) &&
      !CLIENTS[name]?.some((folder) => file.startsWith(folder))
    );
  });
  assert.equal(
    wrong.map(({ file, specifier }) => `${file} → ${specifier}`),
    [],
  );
});

test('no cycles between files', () => {
  const graph = new Map<string, string[]>();
  for (const { file, target } of imports) {
    if (target !== undefined && !isTest(file)) {
      graph.set(file, [...(graph.get(file) ?? []), target]);
    }
  }
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    if (done.has(file)) {
      return;
    }
    for (const next of graph.get(file) ?? []) {
      visit(next, [...path, file]);
    }
    done.add(file);
  };
  for (const file of graph.keys()) {
    visit(file, []);
  }
  assert.equal(cycles, []);
});

test('clock, randomness and timers stand in kernel and app only', () => {
  const bare =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(/;
  const wrong = sources.filter(
    (file) =>
      !isTest(file) && !/^(kernel|app)\//.test(file) && bare.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.equal(
    wrong.map((file) => relative(root, join(root, file))),
    [],
  );
});

/** Files of the read API that read a store without the scope, and why they may. */
const UNSCOPED: Record<string, string> = {
  'read-api/scope.ts': 'is the scope',
  'read-api/agent-health.ts': 'reads health by the ids of agents that came through the scope',
  'read-api/audit/export.ts': 'gets its reader from the scope, with the one chain that it may read',
  'read-api/audit/index.ts': 'hands on the reader that the scope gives',
  'read-api/audit/present.ts': 'gets its reader from the scope',
  'read-api/audit/query.ts': 'gets its reader from the scope',
  'read-api/history/agent-config.ts':
    'reads the records of a workspace that the scope of the past let through',
  'read-api/history/at.ts': 'finds positions by instants, for what the scope of the past let through',
  'read-api/history/request.ts': 'asks `allow` for every record by itself',
  'read-api/history/scope.ts': 'is the scope of the past',
};

test('what is read comes through the scope, and what is written through the place of its resource', () => {
  const reads = /\bReader\b|\breader\b|\bReadStore\b|\breadStore\b/;
  const wrong = sources.filter((file) => {
    if (isTest(file)) {
      return false;
    }
    const text = readFileSync(join(root, file), 'utf8');
    return (
      (roomOf(file) === 'read-api' && UNSCOPED[file] === undefined && reads.test(text)) ||
      (roomOf(file) === 'commands' && file !== 'commands/request.ts' && /\blocate\(/.test(text))
    );
  });
  assert.equal(wrong, []);
  assert.ok(Object.keys(UNSCOPED).every((file) => sources.includes(file)));
});

test('child processes start in one place, never through a shell', () => {
  const wrong = sources.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return !isTest(file) && file !== 'agent/run-tool.ts' && text.includes('node:child_process');
  });
  assert.equal(wrong, []);
});

test.run();
