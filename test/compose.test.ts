// SPDX-License-Identifier: Apache-2.0
/** docker-compose.yml names nothing that the code does not have: variables, roles, flags, ports, probes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { agentCommand } from '../app/agent.js';
import { serveOptions } from '../app/options.js';
import { ROLES } from '../app/roles/part.js';

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  profiles: string[];
  depends_on?: Record<string, unknown> | string[];
  healthcheck?: { test: string[] };
}

const root = join(import.meta.dirname, '..', '..');
const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const variables = new Set(serveOptions(undefined).map((option) => option.envVar));

test('the shapes are there', () => {
  const of = (profile: string) =>
    services.filter(([, one]) => one.profiles.includes(profile)).map(([name]) => name);
  assert.equal(of('embedded'), ['nxmesh']);
  for (const name of [...ROLES, 'eventstore', 'mongodb', 'kafka', 'front']) {
    assert.ok(of('full').includes(name), name);
  }
});

test('every variable is a setting, and the roles are those there are', () => {
  const ours = services.filter(([, one]) => one.command?.[0] === 'serve');
  assert.is(ours.length, ROLES.length + 1);
  for (const [name, { environment = {} }] of ours) {
    for (const variable of Object.keys(environment)) {
      assert.ok(variables.has(variable), `${name}: ${variable}`);
    }
    const role = environment.NXMESH_ROLES;
    assert.ok(
      role === undefined ? name === 'nxmesh' : role === name && ROLES.some((one) => one === role),
      name,
    );
  }
});

test('agents are started with flags that there are', () => {
  const { options } = agentCommand(() => {});
  const flags = new Set(options.map((option) => option.long));
  const known = new Set(options.map((option) => option.envVar));
  const agents = services.filter(([, one]) => one.command?.[0] === 'agent');
  assert.is(agents.length, 2);
  for (const [, { command = [], environment = {} }] of agents) {
    assert.ok(Object.keys(environment).every((variable) => known.has(variable)));
    for (const word of command.filter((one) => one.startsWith('--'))) {
      assert.ok(flags.has(word), word);
    }
  }
});

test('health checks ask probes that there are, ports are the listeners’, volumes and services are declared', () => {
  for (const [name, one] of services) {
    const probe = one.healthcheck?.test.join(' ') ?? '';
    assert.ok(one.command?.[0] !== 'serve' || probe.includes(':8080/readyz'), name);
    for (const port of one.command?.[0] === 'serve' ? (one.ports ?? []) : []) {
      assert.match(port, /^127\.0\.0\.1:\d+:(8080|8443)$/);
    }
    for (const volume of one.volumes ?? []) {
      assert.ok(volume.startsWith('./') || (volume.split(':')[0] ?? '') in compose.volumes, volume);
    }
    const needs = Array.isArray(one.depends_on) ? one.depends_on : Object.keys(one.depends_on ?? {});
    for (const needed of needs) {
      assert.ok(needed in compose.services, `${name} needs ${needed}`);
    }
    assert.match(one.image, /:[0-9]+\.[0-9]+\.[0-9]+$/, `${name}: the image is not pinned`);
  }
});

test.run();
