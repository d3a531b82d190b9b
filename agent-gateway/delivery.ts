// SPDX-License-Identifier: Apache-2.0
import { never } from '../kernel/index.js';

/** A bundle as versions name it: the same digest may come under several versions. */
export interface Target {
  readonly digest: string;
  readonly version: number;
}

/**
 * What the gateway knows of one agent's configuration within one session: desired, sent, proven and refused are four
 * facts, and only the agent's proof moves `proven`.
 */
export interface DeliveryState {
  readonly desired: Target | undefined;
  /** Digest that nginx proves to serve; empty when it proves none. */
  readonly proven: string;
  /** The one update that was sent and has no final answer yet. */
  readonly outstanding: Target | undefined;
  /** The last refusal; its digest is not sent again until another is desired or somebody asks for a retry. */
  readonly parked: Target | undefined;
  /** The last version that the log knows as applied. */
  readonly recorded: Target | undefined;
}

export type DeliveryInput =
  /** Another version is desired; undefined when nothing is known to be. */
  | { readonly type: 'desired'; readonly target: Target | undefined }
  /** A version is desired that cannot be rendered for this agent. */
  | { readonly type: 'unrenderable'; readonly target: Target }
  | { readonly type: 'succeeded'; readonly digest: string }
  | { readonly type: 'refused'; readonly digest: string }
  | { readonly type: 'retry' };

export type DeliveryAction =
  | { readonly type: 'send'; readonly target: Target }
  /** To be recorded: nginx proves this version. */
  | { readonly type: 'applied'; readonly target: Target }
  /** To be recorded: this version was refused now, with what the input brought. */
  | { readonly type: 'refused'; readonly target: Target }
  /** To be recorded: this version has the digest that was refused under an earlier one. */
  | { readonly type: 'still-refused'; readonly target: Target };

type Step = readonly [DeliveryState, readonly DeliveryAction[]];

const same = (a: Target | undefined, b: Target | undefined): boolean =>
  a?.digest === b?.digest && a?.version === b?.version;

/** What is to be done next with nothing outstanding: nothing, record, or send. */
function settle(state: DeliveryState, before: readonly DeliveryAction[] = []): Step {
  const { desired, proven, outstanding, parked, recorded } = state;
  if (outstanding || !desired) {
    return [state, before];
  }
  if (desired.digest === proven) {
    return same(desired, recorded)
      ? [state, before]
      : [{ ...state, recorded: desired }, [...before, { type: 'applied', target: desired }]];
  }
  if (desired.digest === parked?.digest) {
    return desired.version === parked.version
      ? [state, before]
      : [{ ...state, parked: desired }, [...before, { type: 'still-refused', target: desired }]];
  }
  return [{ ...state, outstanding: desired }, [...before, { type: 'send', target: desired }]];
}

/** One agent's delivery: newest only, one outstanding, no loop of refusals. Pure. */
export function deliver(state: DeliveryState, input: DeliveryInput): Step {
  switch (input.type) {
    case 'desired': {
      const forgets = input.target !== undefined && input.target.digest !== state.parked?.digest;
      return settle({ ...state, desired: input.target, parked: forgets ? undefined : state.parked });
    }
    case 'unrenderable': {
      const parked = { ...state, desired: input.target, parked: input.target };
      return same(state.parked, input.target)
        ? [parked, []]
        : [parked, [{ type: 'refused', target: input.target }]];
    }
    case 'succeeded': {
      const { outstanding } = state;
      if (outstanding?.digest !== input.digest) {
        return [state, []];
      }
      return settle(
        {
          ...state,
          proven: outstanding.digest,
          outstanding: undefined,
          recorded: outstanding,
        },
        [{ type: 'applied', target: outstanding }],
      );
    }
    case 'refused': {
      const { outstanding } = state;
      if (outstanding?.digest !== input.digest) {
        return [state, []];
      }
      // If another digest is desired meanwhile, this one is free to be sent should it ever be desired again.
      const overtaken = state.desired !== undefined && state.desired.digest !== outstanding.digest;
      // Of a version that runs in part, more was tried: that it still runs in part is to be told anew.
      const recorded = state.recorded?.version === outstanding.version ? undefined : state.recorded;
      const parked = overtaken ? undefined : outstanding;
      return settle({ ...state, recorded, outstanding: undefined, parked }, [
        { type: 'refused', target: outstanding },
      ]);
    }
    case 'retry':
      return settle({ ...state, parked: undefined });
    default:
      return never(input, 'input of a delivery');
  }
}

/** A session's beginning: what the agent proves, and what the log knows of it. */
export const begin = (known: Pick<DeliveryState, 'proven' | 'parked' | 'recorded'>): DeliveryState => ({
  desired: undefined,
  outstanding: undefined,
  ...known,
});
