// SPDX-License-Identifier: Apache-2.0
/** Frames that are no events: their types have no dot. */
import { type Clock, type ErrorDetail, type NxError, type Position, timestamp } from '../../kernel/index.js';
import type { Subscription } from './subscriptions.js';

type FrameType = 'subscribed' | 'unsubscribed' | 'caught-up' | 'position' | 'gap' | 'pong' | 'error';

const frame = (clock: Clock, type: FrameType, data: object, position?: Position): string =>
  JSON.stringify({
    type,
    timestamp: timestamp(clock.now()),
    data,
    ...(position === undefined ? {} : { position: String(position) }),
  });

/** Everything of this subscription behind the position will come. */
export const subscribed = (clock: Clock, { id, events, filter }: Subscription, position: Position): string =>
  frame(clock, 'subscribed', { id, events, filter }, position);

export const unsubscribed = (clock: Clock, ids: readonly string[]): string =>
  frame(clock, 'unsubscribed', { ids });

/** What there was has been sent; what comes now is new. */
export const caughtUp = (clock: Clock, position: Position): string => frame(clock, 'caught-up', {}, position);

/** Nothing more up to here: a good place to resume from. */
export const positionFrame = (clock: Clock, position: Position): string =>
  frame(clock, 'position', {}, position);

/** What stands behind the position was not sent. */
export const gap = (clock: Clock, position: Position): string =>
  frame(clock, 'gap', { resume_after: String(position) }, position);

export const pong = (clock: Clock): string => frame(clock, 'pong', {});

/** A message that was not followed; the connection goes on. */
export const errorFrame = (clock: Clock, error: NxError): string =>
  frame(clock, 'error', {
    code: error.code,
    message: error.message,
    details: error.details satisfies readonly ErrorDetail[],
  });
