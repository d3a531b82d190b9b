// SPDX-License-Identifier: Apache-2.0
/** An nginx that somebody else has started, with sites and a log of its own; the agent reads what it serves for us. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask } from '../../demo/traffic.js';
import { fleet } from '../harness/fleet.js';
import { freePort } from '../harness/ports.js';
import { until } from '../harness/until.js';

const NGINX = '/usr/sbin/nginx';

const test = suite('attached');
let f: Awaited<ReturnType<typeof fleet>>;
let member: Awaited<ReturnType<typeof f.join>>;
let port: number;

/** Their nginx: `theirs.example` with the log of their `http` block, `apart.example` with one of its own. */
let their: Awaited<ReturnType<typeof foreign>>;
async function foreign(place: string) {
  const [folder, ownPort] = [join(place, 'theirs'), await freePort()];
  const file = (name: string): string => join(folder, name);
  const site = (name: string, more = ''): string =>
    `server { listen 127.0.0.1:${ownPort}; server_name ${name}; ${more} location / { return 200 ${name}; } }`;
  mkdirSync(folder);
  const [config, pidFile] = [file('nginx.conf'), file('nginx.pid')];
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const state = join(place, 'web');
  writeFileSync(
    config,
    [
      `pid ${pidFile}; error_log ${file('error.log')} notice; events {}`,
      `http { ${temp.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}`,
      `access_log ${file('access.log')};`,
      site('theirs.example'),
      site('apart.example', `access_log ${file('apart.log')};`),
      `include ${state}/current/http.conf; }`,
    ].join('\n'),
  );
  const nginx = (...more: string[]): void => {
    const args = ['-p', folder, '-c', config, '-e', file('error.log'), ...more];
    execFileSync(NGINX, args, { cwd: folder, stdio: 'ignore' });
  };
  return {
    ownPort,
    state,
    args: ['--attach', config, '--pid-file', pidFile, '--access-log', 'on'],
    start: () => nginx(),
    stop: async () => {
      if (existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '') {
        nginx('-s', 'stop');
        await until('their nginx has ended', () => !existsSync(pidFile));
      }
    },
    lines: (name: string): string[] => readFileSync(file(name), 'utf8').split('\n').filter(Boolean),
  };
}

test.before(async () => {
  f = await fleet('attached');
  their = await foreign(f.place);
  port = await freePort();
  await f.change('POST', `${f.ws}/virtual-hosts`, {
    name: 'Ours',
    server_name: 'ours.example',
    listen_port: port,
    locations: [{ path: '/', custom_directives: [{ directive: 'return', args: ['200', 'ours'] }] }],
  });
  // The file that theirs includes is there once the agent has run: so what it gets first finds no nginx.
  const joining = f.join('web', {}, their.state, their.args);
  const newest = async () => {
    const { data } = await get(`${f.ws}/changes?per_page=1`);
    return (await get(`${f.ws}/changes/${data[0].version}`)).agents[0]?.state;
  };
  await until('it is refused', async () => (await newest()) === 'rolled_back', 60_000);
  their.start();
  member = await joining;
  await until('it is tried again', async () => (await newest()) === 'applied', 30_000);
});

test.after(async () => {
  await their.stop();
  await f.end();
});

const get = (path: string) => f.plane().api.ok('GET', path);
const counted = (): Promise<number> =>
  get(`${f.ws}/metrics`).then(({ requests_total }: { requests_total: number }) => requests_total);
const found = (query = '') => get(`${f.ws}/access-logs?limit=1000${query}`);
const reaches = (total: number) =>
  until(
    `${total} are counted and found`,
    async () => (await counted()) >= total && (await found()).meta.total >= total,
    30_000,
    100,
  );
async function times(count: number, at: number, host: string, body: string): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    assert.is(await ask(at, host), body);
  }
}

test('requests of ours and of their sites without a log of their own are counted and found', async () => {
  await times(10, their.ownPort, 'apart.example', 'apart.example');
  await times(20, their.ownPort, 'theirs.example', 'theirs.example');
  await times(30, port, 'ours.example', 'ours');
  await reaches(50);
  assert.is(await counted(), 50);
  assert.is((await found()).meta.total, 50);
  assert.is((await found('&host=ours.example')).meta.total, 30);
  assert.is((await found('&host=apart.example')).meta.total, 0);
  const { status_codes } = await get(`/v1/agents/${member.id}/metrics`);
  assert.is(status_codes['2xx'], 50);
});

test('their logs go on: ours stands beside the one of their http block', () => {
  assert.is(their.lines('apart.log').length, 10);
  assert.is(their.lines('access.log').length, 50);
});

test('their nginx ends and begins again, the agent is killed between: all is counted once', async () => {
  await their.stop();
  await member.process.end('SIGKILL');
  their.start();
  await times(10, port, 'ours.example', 'ours');
  f.startAgain(member);
  await f.reaches(member, 'online');
  await times(10, port, 'ours.example', 'ours');
  await reaches(70);
  assert.is(await counted(), 70);
  assert.is((await found()).meta.total, 70);
});

test('a change that their configuration has no room for is taken back and told; theirs goes on', async () => {
  const { settled } = await f.change('POST', `${f.ws}/virtual-hosts`, {
    name: 'Clash',
    server_name: 'theirs.example',
    listen_port: their.ownPort,
    locations: [{ path: '/', custom_directives: [{ directive: 'return', args: ['200', 'clash'] }] }],
  });
  const { agents } = await settled();
  assert.equal(
    agents.map(({ state, failure }) => [state, failure?.reason]),
    [['rolled_back', 'PORT_IN_USE']],
  );
  await times(5, their.ownPort, 'theirs.example', 'theirs.example');
  await times(5, port, 'ours.example', 'ours');
  await reaches(80);
  assert.is(await counted(), 80);
});

test.run();
