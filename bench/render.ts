// SPDX-License-Identifier: Apache-2.0
/**
 * Compile, render and digest of 10,000 virtual hosts, whole and after one change. The baseline is the bare digest over
 * the same rendered files: what any renderer pays at least.
 */
import { sha256 } from '../kernel/index.js';
import { bundler, compile, render } from '../nginx/index.js';
import { DEBIAN, fleet, median } from './fixtures.js';

const HOSTS = 10_000;
const agent = { id: 'a', labels: { env: 'production' } };
const resources = fleet(HOSTS, 20);
const ids = [...resources.virtualHosts.keys()];

const time = (task: () => void): number => {
  const start = performance.now();
  task();
  return performance.now() - start;
};

const whole: number[] = [];
const bare: number[] = [];
const incremental: number[] = [];
const digests = new Set<string>();
for (let run = 0; run < 7; run++) {
  let files: readonly { content: string; path: string }[] = [];
  whole.push(
    time(() => {
      const bundle = render(compile(resources, agent), DEBIAN);
      digests.add(bundle.digest);
      files = bundle.files;
    }),
  );
  bare.push(time(() => sha256(files.map((file) => `${sha256(file.content)} ${file.path}\n`).join(''))));
}

const ours = bundler();
const before = ours.bundle(resources, agent, DEBIAN).digest;
for (let run = 0; run < 201; run++) {
  const id = ids[(run * 7919) % HOSTS] ?? '';
  const old = resources.virtualHosts.get(id);
  if (old) {
    resources.virtualHosts.set(id, { ...old, server_name: `changed-${run}.example.com` });
  }
  incremental.push(time(() => ours.bundle(resources, agent, DEBIAN)));
}
const after = ours.bundle(resources, agent, DEBIAN).digest;
const again = render(compile(resources, agent), DEBIAN).digest;

console.log(`${HOSTS} virtual hosts on 20 upstreams, medians in ms`);
console.log(`  whole: compile, render, digest   ${median(whole).toFixed(1)}  (target ≤ 500)`);
console.log(`  bare digest of the same files    ${median(bare).toFixed(1)}`);
console.log(`  ratio whole / bare               ${(median(whole) / median(bare)).toFixed(1)}`);
console.log(`  after one change                 ${median(incremental).toFixed(2)}  (target ≤ 5)`);
console.log(`  whole / after one change         ${(median(whole) / median(incremental)).toFixed(0)}`);
const sound = digests.size === 1 && before !== after && after === again;
console.log(`  one digest for one input, whole and incremental: ${sound ? 'yes' : 'NO'}`);
process.exitCode = sound ? 0 : 1;
