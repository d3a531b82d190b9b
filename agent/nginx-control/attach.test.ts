// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemTimers } from '../../kernel/index.js';
import {
  freePort,
  get,
  listenOn,
  NGINX,
  openBench,
  probe,
  removeFolder,
  site,
  tempFolder,
  updateOf,
} from '../nginx.harness.js';
import { waitUntil } from './master.js';
import { systemProcesses } from './processes.js';

const deps = { clock: systemClock, timers: systemTimers };

/** An nginx of somebody else, with its own site, that includes our file. */
async function foreign() {
  const folder = tempFolder();
  const ownPort = await freePort();
  const config = join(folder, 'nginx.conf');
  const pidFile = join(folder, 'nginx.pid');
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    config,
    `pid ${pidFile};\nerror_log ${folder}/error.log notice;\nevents {}\nhttp {\naccess_log off;\n${temp.join('\n')}\n` +
      `${site(ownPort, 'theirs', 'server_name theirs;')}include ${folder}/state/current/http.conf;\n}\n`,
  );
  mkdirSync(join(folder, 'state'));
  const settings = { quietMs: 100, reloadTimeoutMs: 4000, attach: { config, pidFile } };
  const start = (): void => {
    execFileSync(NGINX, ['-p', folder, '-c', config, '-e', `${folder}/error.log`], { cwd: folder });
  };
  return { folder, ownPort, config, pidFile, settings, start, state: join(folder, 'state') };
}

test('a running nginx of somebody else gets our hosts by one include line', async () => {
  const their = await foreign();
  try {
    // The empty file is there before the first bundle, so that nginx can start.
    const { core, apply } = await openBench(their.state, their.settings);
    their.start();
    assert.is(core.capabilities.bundlePrefix, `${their.state}/current/`);
    const port = await freePort();
    const prober = probe(their.ownPort);
    const first = await apply(updateOf({ 'a.conf': site(port, 'one') }));
    assert.is(first.status, 'SUCCESS', `${first.message} ${first.nginxOutput}`);
    assert.is(await get(port), 'one');
    assert.is((await apply(updateOf({ 'a.conf': site(port, 'two') }))).status, 'SUCCESS');
    assert.is(await get(port), 'two');

    const broken = await apply(updateOf({ 'a.conf': 'nonsense;' }));
    assert.equal([broken.status, broken.reason, broken.file, broken.line], ['FAILED', 'SYNTAX', 'a.conf', 1]);

    // Alone it is in order; only the whole shows that the name is theirs.
    const clash = await apply(updateOf({ 'a.conf': site(their.ownPort, 'clash', 'server_name theirs;') }));
    assert.equal([clash.status, clash.reason], ['ROLLED_BACK', 'SYNTAX'], clash.message);
    assert.match(clash.message, 'conflicting server name "theirs"');

    const taken = await listenOn(0);
    const other = (taken.address() as { port: number }).port;
    const refused = await apply(updateOf({ 'a.conf': site(other, 'bad') }));
    taken.close();
    assert.equal([refused.status, refused.reason], ['ROLLED_BACK', 'PORT_IN_USE'], refused.message);
    assert.is(await get(port), 'two');

    assert.not.ok((await core.conductor.restart(false)).success, 'what we did not start we do not restart');
    assert.ok((await core.conductor.reload()).success);
    await prober.stop();
    assert.equal(prober.failures, []);
    assert.equal([...prober.answers.keys()], ['theirs']);
    core.close();
  } finally {
    removeFolder(their.folder);
  }
});

test('the first bundle that cannot go live leaves theirs alone', async () => {
  const their = await foreign();
  try {
    const { core, apply } = await openBench(their.state, their.settings);
    their.start();
    assert.ok(await waitUntil(deps, 5000, () => core.control.master() !== undefined));
    const done = await core.conductor.reload();
    assert.ok(done.success, `with nothing of ours: ${done.message}`);
    const taken = await listenOn(0);
    const other = (taken.address() as { port: number }).port;
    const refused = await apply(updateOf({ 'a.conf': site(other, 'bad') }));
    taken.close();
    assert.equal([refused.status, refused.reason], ['ROLLED_BACK', 'PORT_IN_USE'], refused.message);
    assert.is(core.store.current(), 'empty');
    assert.is(await get(their.ownPort), 'theirs');
    core.close();
  } finally {
    removeFolder(their.folder);
  }
});

test('a pid file alone is not believed; without an nginx there is nothing to apply to', async () => {
  const their = await foreign();
  try {
    const { core, apply } = await openBench(their.state, their.settings);
    writeFileSync(their.pidFile, `${process.pid}\n`);
    assert.is(core.control.master(), undefined);
    const outcome = await apply(updateOf({ 'a.conf': site(await freePort(), 'x') }));
    assert.equal([outcome.status, outcome.reason], ['ROLLED_BACK', 'HEALTH_GATE'], outcome.message);
    their.start();
    assert.ok(await waitUntil(deps, 5000, () => core.control.master() !== undefined));
    const master = Number(readFileSync(their.pidFile, 'utf8'));
    assert.is(core.control.master(), master);
    systemProcesses.signal(master, 'SIGKILL');
    assert.ok(await waitUntil(deps, 5000, () => core.control.master() === undefined));
    core.close();
  } finally {
    removeFolder(their.folder);
  }
});

test.run();
