// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventLog, memoryLog } from '../event-log/index.js';
import { streams, systemRandom, unavailable } from '../kernel/index.js';
import { memoryReadStore } from '../read-store/index.js';
import { openVault } from '../vault/index.js';
import { auditSigner, type SigningDeps, signCheckpoints } from './audit-signing.js';
import { masterKey, movableClock } from './plane.harness.js';

/** Signs while the chains cannot be read for so long, then once; gives what was said. */
async function signed(awayMs: number): Promise<{ said: string[]; checkpoints: number }> {
  const clock = movableClock();
  const ending = new AbortController();
  const log = eventLog(memoryLog());
  const said: string[] = [];
  const begun = clock.monotonic();
  const find = async () => {
    if (clock.monotonic() - begun < awayMs) {
      throw unavailable('chains are being read from the log');
    }
    return { items: [{ id: 'installation', number: 1, hash: 'a'.repeat(64), newest: '' }], total: 0 };
  };
  const vault = await openVault({ store: memoryReadStore({ clock }), masterKey, random: systemRandom });
  const deps = {
    log,
    reader: { find },
    signer: await auditSigner(vault),
    clock,
    timers: {
      sleep: async (ms: number) => {
        clock.advance(ms);
        if (clock.monotonic() - begun > awayMs + 30_000) {
          ending.abort();
        }
      },
    },
    logger: { warn: (_: object, message: string) => void said.push(message) },
  } as unknown as SigningDeps;
  await signCheckpoints(deps, ending.signal);
  let checkpoints = 0;
  for await (const _ of log.read(streams.audit('installation'))) {
    checkpoints += 1;
  }
  return { said, checkpoints };
}

test('read models that are made anew are waited for in silence, and chains are signed as soon as they are there', async () => {
  assert.equal(await signed(20_000), { said: [], checkpoints: 1 });
});

test('that the audit is not signed is said once a minute', async () => {
  const { said, checkpoints } = await signed(130_000);
  assert.equal([said.length, checkpoints], [2, 1]);
});

test.run();
