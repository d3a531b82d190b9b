// SPDX-License-Identifier: Apache-2.0
/**
 * Loaded into an agent's process before its own code (`node --import`). Its connection is mutual TLS from end to end, so
 * nobody between can touch a message; here they are whole and in both directions, between the agent's code and gRPC. On
 * SIGUSR2 it does what the file named by `NXMESH_FAULTS_FILE` says: `messages <seed>` has them lost, repeated and
 * overtaken from then on, also on new connections; `calm` ends that and writes what was done behind the file's name.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type AgentMessage, AgentServiceClient, type MasterMessage } from '../../proto/index.js';
import { type Disturbed, disturb, type Fate } from './disturb.js';
import { seeded } from './random.js';

type Stream = ReturnType<AgentServiceClient['stream']>;

const open = new Set<Pick<Disturbed<unknown>, 'calm'>>();
const counts: Record<Fate, number> = { lost: 0, twice: 0, late: 0 };
let random: (() => number) | undefined;

/** One direction of one stream; before `messages` and after `calm` everything passes. */
function direction<T>(pass: (message: T) => void): (message: T) => void {
  let disturbed: Disturbed<T> | undefined;
  let by: typeof random;
  return (message) => {
    if (random !== undefined && by !== random) {
      by = random;
      disturbed = disturb({
        random,
        after: (ms, task) => {
          const timer = setTimeout(task, ms);
          return () => clearTimeout(timer);
        },
        pass,
        seen: (fate) => {
          counts[fate] += 1;
        },
      });
      open.add(disturbed);
    }
    (disturbed ? disturbed.take : pass)(message);
  };
}

function disturbStream(stream: Stream): Stream {
  const [write, on] = [stream.write.bind(stream), stream.on.bind(stream)];
  const out = direction((message: AgentMessage) => {
    if (!stream.writableEnded && !stream.destroyed) {
      write(message);
    }
  });
  return Object.assign(stream, {
    write: (message: AgentMessage) => {
      out(message);
      return !stream.writableNeedDrain;
    },
    on: (event: 'data', listener: (message: MasterMessage) => void) =>
      on(event, event === 'data' ? direction(listener) : listener),
  });
}

const real = AgentServiceClient.prototype.stream;
AgentServiceClient.prototype.stream = function stream(...args: never[]): Stream {
  return disturbStream(Reflect.apply(real, this, args));
};

process.on('SIGUSR2', () => {
  const file = process.env['NXMESH_FAULTS_FILE'] ?? '';
  const [what, seed] = readFileSync(file, 'utf8').trim().split(' ');
  if (what === 'messages') {
    random = seeded(Number(seed));
    return;
  }
  random = undefined;
  for (const one of open) {
    one.calm();
  }
  open.clear();
  writeFileSync(`${file}.seen`, JSON.stringify(counts));
});
