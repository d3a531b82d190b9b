// SPDX-License-Identifier: Apache-2.0
import type { Failure, Holding } from '../domain/index.js';
import { timestamp } from '../kernel/index.js';
import { ConfigApplyStatus, type ConfigStatus } from '../proto/index.js';
import { STAGES } from '../schemas/index.js';
import { begin, type DeliveryAction, type DeliveryInput, deliver, type Target } from './delivery.js';
import type { GatewayDeps } from './deps.js';
import type { Desired } from './desired.js';
import type { History } from './history.js';
import type { Identity } from './identity.js';
import { certificatesFor } from './material.js';
import type { Memory } from './memory.js';
import { parker } from './parker.js';
import type { Recorder } from './recorder.js';
import { failureOf, isRollback, renderFailure } from './refusal.js';
import type { Rendering } from './rendering.js';
import { sharedUpdate } from './update.js';

const SEND_AGAIN_MS = 1_000;

export interface CourierDeps
  extends Pick<GatewayDeps, 'clock' | 'timers' | 'certificateMaterial' | 'logger'> {
  readonly recorder: Recorder;
  readonly memory: Memory;
  readonly desired: Desired;
  readonly past: History;
  send(message: Buffer): void;
  /** What is held back has changed: `desire` is to be called with what stands now. */
  changed(): void;
}

/** Carries out what the machine of delivery decides for one session. */
export interface Courier {
  /** Resolves when `holding` is known. */
  begin(): Promise<void>;
  /** The hosts that the agent is not to run as desired. */
  holding(): Holding;
  desire(rendering: Rendering, version: number): void;
  /** Resolves when what the status means is in the log. */
  status(status: ConfigStatus): Promise<void>;
  retry(): void;
  /** Records that the agent is behind, once it has been for so long and has refused nothing. */
  checkBehind(ms: number): void;
  /** Sends an update again of which nothing was heard for so long; `left`: nothing waits any more for a slow reader. */
  checkTaken(ms: number, left: boolean): void;
  /** Milliseconds since an update was sent that has no final answer; 0 when none is outstanding. */
  waiting(): number;
  close(): void;
}

interface Outcome {
  readonly failure?: (target: Target) => Failure;
  readonly rolledBack?: boolean;
  readonly durationMs?: number;
  readonly stages?: Record<string, number>;
}

export function courier(
  deps: CourierDeps,
  agent: Identity,
  start: { readonly proven: string; readonly held: ReadonlySet<string> },
): Courier {
  const { clock, recorder, memory } = deps;
  const { agentId } = agent;
  let state = begin({
    proven: start.proven,
    parked: memory.failure(agentId),
    recorded: memory.get(agentId)?.state.applied,
  });
  let held = start.held;
  let current: Rendering | undefined;
  let sent: Rendering | undefined;
  let sentAt = 0;
  let sentWhole = false;
  // Whether the agent has said anything of what is outstanding, and since when it has all of it.
  let heard = false;
  let leftSince: number | undefined;
  let closed = false;
  // Since when nginx proves something else than what is desired; an answer starts it anew: the agent gets on.
  let behindSince: number | undefined;
  // The last version that it ran; what of it was refused since then does not undo that.
  let accepted = state.recorded?.version ?? 0;
  const parking = parker(
    {
      ...deps,
      accepted: () => accepted,
      changed: () => {
        if (!closed) {
          deps.changed();
        }
      },
    },
    agent,
  );

  const at = (): string => timestamp(clock.now());
  const refuse = (failure: Failure, rolledBack: boolean): Promise<boolean> => {
    memory.setFailure(agentId, failure);
    return recorder.record(agent, {
      type: 'mark-refused',
      agent_id: agentId,
      failure,
      rolled_back: rolledBack,
    });
  };

  /** `whole`: nothing is taken for granted of what the agent has. */
  const send = async (target: Target, whole: boolean, rendering: Rendering | undefined): Promise<void> => {
    if (!rendering || rendering.kind === 'refused') {
      return;
    }
    sent = rendering;
    sentAt = clock.monotonic();
    heard = false;
    leftSince = undefined;
    const certificates = await certificatesFor(deps, agent, rendering);
    if (closed) {
      return;
    }
    const base = whole ? undefined : deps.desired.bundle(state.proven);
    sentWhole = base === undefined && (whole || held.size === 0);
    const messages = sharedUpdate({
      rendering,
      version: target.version,
      base,
      held: base || whole ? new Set() : held,
      certificates,
      now: clock.now(),
    });
    // What the agent holds is known for certain only until it changes.
    held = new Set();
    for (const message of messages) {
      deps.send(message);
    }
    await recorder.record(agent, { type: 'mark-sent', data: { agent_id: agentId, ...target, at: at() } });
  };

  /** Where the vault is out of reach an agent would wait for what it has been promised until its session ends. */
  const sendSurely = async (target: Target, whole = false, rendering = current): Promise<void> => {
    while (!closed) {
      try {
        return await send(target, whole, rendering);
      } catch (error) {
        deps.logger.error({ agent_id: agentId, error: String(error) }, 'an update could not be sent');
        await deps.timers.sleep(SEND_AGAIN_MS);
      }
    }
  };

  const act = (action: DeliveryAction, outcome: Outcome): Promise<unknown> => {
    const { target } = action;
    switch (action.type) {
      case 'send':
        return sendSurely(target);
      case 'applied':
        accepted = target.version;
        return recorder.record(agent, {
          type: 'mark-applied',
          data: {
            agent_id: agentId,
            ...target,
            duration_ms: outcome.durationMs ?? 0,
            stages: outcome.stages ?? {},
            at: at(),
          },
        });
      case 'refused':
        return outcome.failure
          ? refuse(outcome.failure(target), outcome.rolledBack ?? false)
          : Promise.resolve();
      case 'still-refused': {
        const failure = memory.failure(agentId);
        return failure ? refuse({ ...failure, ...target, at: at() }, false) : Promise.resolve();
      }
    }
  };

  /** Resolves when the facts of this step are recorded; what it sends goes its own way. */
  const step = async (input: DeliveryInput, outcome: Outcome = {}): Promise<void> => {
    const [next, actions] = deliver(state, input);
    state = next;
    const { desired, proven, parked } = state;
    const behind = desired !== undefined && desired.digest !== proven && desired.digest !== parked?.digest;
    const since = input.type === 'desired' ? (behindSince ?? clock.monotonic()) : clock.monotonic();
    behindSince = behind ? since : undefined;
    const facts = actions.flatMap((action) => {
      const done = act(action, outcome);
      return action.type === 'send' ? [] : [done];
    });
    if (!state.parked) {
      memory.setFailure(agentId, undefined);
    }
    await Promise.all(facts);
  };

  const unrenderable = async (rendering: Rendering & { kind: 'refused' }, target: Target): Promise<void> => {
    const parked = await parking.unrenderable(rendering, target);
    if (!parked && current === rendering) {
      const { error } = rendering;
      await step({ type: 'unrenderable', target }, { failure: (one) => renderFailure(error, one, at()) });
    }
  };
  const refused = async (status: ConfigStatus, digest: string, durationMs: number): Promise<void> => {
    const rendering = sent;
    const { outstanding } = state;
    if (lacksBase(status) && !sentWhole && outstanding?.digest === digest) {
      // The agent no longer has what it was taken to have: no reason to refuse anything.
      await sendSurely(outstanding, true, rendering);
      return;
    }
    let failed: Failure | undefined;
    const failure = (target: Target): Failure => {
      failed = failureOf(status, target, rendering, { at: at(), durationMs });
      return failed;
    };
    const facts = step({ type: 'refused', digest }, { rolledBack: isRollback(status), failure });
    if (failed && rendering) {
      await parking.refused(rendering, failed, status.file);
    }
    await facts;
  };
  const succeeded = async (status: ConfigStatus, digest: string, durationMs: number): Promise<void> => {
    const { outstanding } = state;
    if (sent && outstanding?.digest === digest) {
      await parking.proven(sent, outstanding.version);
    }
    await step({ type: 'succeeded', digest }, { durationMs, stages: stagesOf(status) });
  };

  return {
    begin: () => parking.begin(),
    holding: () => parking.holding(),
    desire: (rendering, version) => {
      current = rendering;
      const target = { digest: rendering.digest, version };
      if (rendering.kind === 'refused') {
        void unrenderable(rendering, target);
      } else {
        void step({ type: 'desired', target });
      }
    },
    status: (status) => {
      const digest = status.digest || status.configId;
      heard ||= digest === state.outstanding?.digest;
      const durationMs = Math.max(0, Math.round(clock.monotonic() - sentAt));
      switch (status.status) {
        case ConfigApplyStatus.SUCCESS:
          return succeeded(status, digest, durationMs);
        case ConfigApplyStatus.FAILED:
        case ConfigApplyStatus.ROLLED_BACK:
          return refused(status, digest, durationMs);
        default:
          return Promise.resolve();
      }
    },
    retry: () => {
      // What cannot be rendered is not made renderable by asking again.
      void parking.retry().then(() => (current?.kind === 'refused' ? undefined : step({ type: 'retry' })));
    },
    checkBehind: (ms) => {
      const { desired } = state;
      if (desired && behindSince !== undefined && clock.monotonic() - behindSince > ms) {
        // Asked again after as long: told already is no fact again.
        behindSince = clock.monotonic();
        const data = { agent_id: agentId, ...desired, at: at() };
        void recorder.record(agent, { type: 'mark-overdue', data });
      }
    },
    checkTaken: (ms, left) => {
      const { outstanding } = state;
      // An agent that takes no bundles need not tell that it has begun.
      if (!outstanding || heard || sent?.kind !== 'bundle') {
        return;
      }
      leftSince = left ? (leftSince ?? clock.monotonic()) : undefined;
      if (leftSince !== undefined && clock.monotonic() - leftSince > ms) {
        const fields = { agent_id: agentId, ...outstanding };
        deps.logger.warn(fields, 'nothing was heard of an update; it is sent again');
        // How long its end is awaited is counted from the first time.
        const first = sentAt;
        void sendSurely(outstanding, false, sent);
        sentAt = first;
      }
    },
    waiting: () => (state.outstanding ? clock.monotonic() - sentAt : 0),
    close: () => {
      closed = true;
    },
  };
}

/** The update was not what it says: because something that it starts from is missing, or because it was damaged. */
const lacksBase = (status: ConfigStatus): boolean =>
  status.reason === 'DIGEST_MISMATCH' && (status.stage === 'staged' || status.stage === '');

const stagesOf = (status: ConfigStatus): Record<string, number> =>
  Object.fromEntries(
    Object.entries(status.stageMs).filter(([stage]) => STAGES.some((known) => known === stage)),
  );
