// SPDX-License-Identifier: Apache-2.0
/**
 * Loaded into a process of NxMesh before its own code (`node --import`), so that a fault can be brought about from
 * outside. On SIGUSR2 it does what the file named by `NXMESH_FAULTS_FILE` says: `clock <ms>` shifts the wall clock by so
 * much, `freeze` stops it, `busy <ms>` blocks the event loop, `full` fills the memory until the process dies.
 */
import { readFileSync } from 'node:fs';

const RealDate = Date;
const realNow = RealDate.now.bind(RealDate);
let shift = 0;
let frozen: number | undefined;
const now = (): number => frozen ?? realNow() + shift;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args) => Reflect.construct(target, args.length === 0 ? [now()] : args),
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});

const hoard: unknown[] = [];

function act(line: string): void {
  const [what, ms] = line.trim().split(' ');
  switch (what) {
    case 'clock':
      frozen = undefined;
      shift = Number(ms);
      return;
    case 'freeze':
      frozen = now();
      return;
    case 'busy':
      for (const end = performance.now() + Number(ms); performance.now() < end; ) {
        // Nothing else gets a turn.
      }
      return;
    case 'full':
      for (;;) {
        hoard.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
      }
    default:
      throw new Error(`no such fault: ${line}`);
  }
}

process.on('SIGUSR2', () => act(readFileSync(process.env['NXMESH_FAULTS_FILE'] ?? '', 'utf8')));
