// SPDX-License-Identifier: Apache-2.0
import {
  projectionRunner,
  type Refused,
  readModels,
  runDesiredConfig,
  whileOwned,
} from '../../projections/index.js';
import { signCheckpoints } from '../audit-signing.js';
import { destroyDeletedKeys, destroyInvitedAddresses, destroyUnsaidKeys } from '../certificate-keys.js';
import type { Context } from '../context.js';
import { expireSessions, finishSignIns } from '../sign-in-workflow.js';
import { worst } from '../status.js';
import { supervise } from '../supervise.js';
import { workflowCheckpoint } from '../workflow-checkpoint.js';
import type { Health, Part } from './part.js';

/** Whoever takes over has it after this and a third of it at the latest. */
const LEASE_MS = 6_000;
/** Changes that follow each other so soon are a burst. */
const BURST_MS = 100;
/** How long a version of a burst waits for the answers to what it takes in. */
const ANSWERS_MS = 50;
/** And so long for what else may come: a burst is not to fill the log with versions. */
const LINGER_MS = 5;

/** The read models and the workflows; each is owned by one process at a time. */
export async function projectionsRole(context: Context): Promise<Part> {
  const { events, readStore, clock, timers, random, owner, log, settings, vault } = context;
  const runner = projectionRunner(
    {
      log: events,
      store: readStore,
      clock,
      timers,
      random,
      owner,
      stopped: (name, error) => log.error({ projection: name, error }, 'a read model has stopped'),
    },
    readModels,
    {
      leaseTtlMs: LEASE_MS,
      ...(settings.distributed ? { saveEveryMs: 0 } : {}),
    },
  );
  if (!settings.distributed) {
    // Nobody else projects: what this process has done is all there is, and known before it is stored.
    context.useLocalPassed((position, withinMs) => runner.passed(position, withinMs));
  }
  const stopping = new AbortController();
  const checkpoint = workflowCheckpoint(context, 'desired-config');
  let restedAt = Number.NEGATIVE_INFINITY;
  const rested = async (position: bigint): Promise<void> => {
    // What comes after a pause is not held up. Where it is another process that answers, there is nothing to wait for
    // but the rest of a burst.
    if (clock.monotonic() - restedAt < BURST_MS) {
      if (!settings.distributed) {
        await runner.passed(position, ANSWERS_MS);
      }
      await timers.sleep(LINGER_MS);
    }
    restedAt = clock.monotonic();
  };
  const refused = ({ workspaceId, resources, error }: Refused): void =>
    log.error(
      { workspace_id: workspaceId, resources, error: error.message },
      'a change is in no version: what it touches is more than the log takes at once',
    );
  const workflow = supervise(
    'desired-config',
    (signal) =>
      whileOwned(
        { store: readStore, clock, timers, owner, leaseTtlMs: LEASE_MS },
        'desired-config',
        (owned) => runDesiredConfig({ log: events, clock, checkpoint, rested, refused }, owned),
        signal,
      ),
    { timers, log, signal: stopping.signal },
  );
  const keys = supervise(
    'certificate-keys',
    (signal) =>
      destroyDeletedKeys(
        { events, vault, checkpoint: workflowCheckpoint(context, 'certificate-keys') },
        signal,
      ),
    { timers, log, signal: stopping.signal },
  );
  const addresses = supervise(
    'invited-addresses',
    (signal) =>
      destroyInvitedAddresses(
        { events, vault, checkpoint: workflowCheckpoint(context, 'invited-addresses') },
        signal,
      ),
    { timers, log, signal: stopping.signal },
  );
  const supervised = { timers, log, signal: stopping.signal };
  const { people, access } = context;
  const signIns = { events, access, ...people, personal: context.keys.personal, timers };
  const ending = [
    supervise(
      'sign-ins',
      (signal) => finishSignIns({ ...signIns, checkpoint: workflowCheckpoint(context, 'sign-ins') }, signal),
      supervised,
    ),
    supervise(
      'unsaid-keys',
      (signal) => destroyUnsaidKeys({ vault, handlers: context.handlers, clock, timers }, signal),
      supervised,
    ),
    supervise('expiry', (signal) => expireSessions(signIns, signal), supervised),
  ];
  const audit = supervise(
    'audit-checkpoints',
    (signal) =>
      whileOwned(
        { store: readStore, clock, timers, owner, leaseTtlMs: LEASE_MS },
        'audit-checkpoints',
        (owned) =>
          signCheckpoints(
            { log: events, reader: context.reader, signer: context.keys.audit, clock, timers, logger: log },
            owned,
          ),
        signal,
      ),
    { timers, log, signal: stopping.signal },
  );
  return {
    notReady: async () => {
      const behind = (await runner.status()).filter(({ state }) => state !== 'live' && state !== 'standby');
      return behind.map(({ name, state }) => `${name} is ${state}`).join(', ');
    },
    components: async () => {
      const projections = (await runner.status()).map(({ state, parked }): Health => {
        if (state === 'stopped' || state === 'superseded') {
          return 'unhealthy';
        }
        return parked > 0 || (state !== 'live' && state !== 'standby') ? 'degraded' : 'healthy';
      });
      return { projections: worst(projections) };
    },
    measures: async () =>
      (await runner.status()).flatMap(({ name, lag, parked }) => [
        {
          name: 'nxmesh_projection_lag_positions',
          help: 'How far a read model is behind the newest event',
          value: Number(lag),
          labels: { projection: name },
        },
        {
          name: 'nxmesh_projection_parked_events',
          help: 'Events that were put aside because they could not be projected',
          value: parked,
          labels: { projection: name },
        },
      ]),
    close: async () => {
      stopping.abort();
      await Promise.all([workflow, keys, audit, addresses, ...ending]);
      await runner.stop();
    },
  };
}
