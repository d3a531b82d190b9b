// SPDX-License-Identifier: Apache-2.0
/** `bin/faults [X11 …] [--shape embedded|distributed] [--full] [--seed n]`: breaks NxMesh on purpose and reports. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Shape } from './experiment.js';
import { experiments } from './index.js';
import { report } from './report.js';
import { endShared } from './scene.js';
import { type Result, runTrial } from './trial.js';

const SHAPES: readonly Shape[] = ['embedded', 'distributed'];

function seed(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) {
    throw new InvalidArgumentError('must be a whole number');
  }
  return Number(text);
}

const command = new Command('faults')
  .description('Breaks NxMesh on purpose, on both shapes, and reports whether its promises held')
  .argument('[experiments...]', `any of ${experiments.map(({ id }) => id).join(', ')}; all when left out`)
  .addOption(new Option('--shape <shape>', 'one shape alone').choices([...SHAPES]))
  .option('--full', 'as often as the experiments say, which takes hours', false)
  .option('--seed <n>', 'the same numbers give the same run', seed, 1)
  .option('--logs <folder>', 'leave there what the processes have logged')
  .option('--list', 'say what there is', false)
  .parse();
const { args } = command;
const options: { shape?: Shape; full: boolean; seed: number; logs?: string; list: boolean } = command.opts();

// What was started is ended on the way out, which a signal alone would not take.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => process.exit(1));
}

// What fails behind a trial's back is a fault of the trial's, and must not keep the others from running.
let stray = 0;
process.on('unhandledRejection', (reason) => {
  stray += 1;
  console.error('  unhandled:', reason);
});

const unknown = args.filter((id) => !experiments.some((one) => one.id === id));
const chosen = experiments.filter(({ id }) => args.length === 0 || args.includes(id));
if (unknown.length > 0) {
  console.error(`no such experiment: ${unknown.join(', ')}`);
  process.exitCode = 2;
} else if (options.list) {
  for (const { id, title, shapes } of chosen) {
    console.log(`${id}  ${title} (${Object.keys(shapes).join(', ')})`);
  }
} else {
  const results: Result[] = [];
  // One shape after the other: what the distributed one needs is started once.
  for (const shape of SHAPES.filter((one) => options.shape === undefined || one === options.shape)) {
    for (const experiment of chosen.filter(({ shapes }) => shapes[shape])) {
      console.log(`${experiment.id} ${shape}: ${experiment.title}`);
      const say = (words: string): void => console.log(`  ${words}`);
      const { full, seed: number, logs } = options;
      const result = await runTrial(experiment, shape, { full, seed: number, logs, say });
      results.push(result);
      console.log(`  ${result.verdict} after ${result.seconds.toFixed(1)} s`);
      for (const fault of result.faults) {
        console.log(`    ${fault}`);
      }
    }
  }
  await endShared(options.logs);
  console.log(`\nseed ${options.seed}${options.full ? ', full' : ''}\n\n${report(results)}`);
  process.exitCode = stray > 0 || results.some(({ verdict }) => verdict === 'FAILED') ? 1 : 0;
  process.exit();
}
