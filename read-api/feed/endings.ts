// SPDX-License-Identifier: Apache-2.0
/** Why a connection of the feed ends: the close code of a WebSocket and its reason. */
export const ENDINGS = {
  stopping: [1001, 'the server is stopping'],
  binary: [1003, 'messages are JSON text'],
  unavailable: [1013, 'the log is not available; resume later'],
  'bad-position': [4400, 'the position is not one of this log'],
  'no-ticket': [4401, 'a ticket from POST /v1/events/tickets is needed'],
  expired: [4401, 'the credentials have expired'],
  revoked: [4401, 'the credentials are not valid any more'],
  forbidden: [4403, 'the rights were taken'],
  slow: [4408, 'too slow; resume after the position of the gap'],
  silent: [4408, 'no answer to a ping'],
  'too-many': [4429, 'too many connections'],
  'too-fast': [4429, 'too many messages'],
} as const satisfies Record<string, readonly [code: number, reason: string]>;

export type Ending = keyof typeof ENDINGS;
