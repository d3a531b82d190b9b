// SPDX-License-Identifier: Apache-2.0
import type { Ask } from './ask.js';

const STATUS_URL = '/.nxmesh/status';

export interface NginxStatus {
  /** Open connections besides that of the question. */
  readonly active: number;
  /** What nginx has counted since it started, our own questions among it. */
  readonly requests: number;
}

/** nginx's stub_status; undefined when it does not answer or was built without it. */
export async function askStatus(ask: Ask): Promise<NginxStatus | undefined> {
  const text = await ask(STATUS_URL);
  return text === undefined
    ? undefined
    : {
        active: Math.max(0, Number(/^Active connections: (\d+)/m.exec(text)?.[1] ?? 0) - 1),
        requests: Number(/^ \d+ \d+ (\d+)/m.exec(text)?.[1] ?? 0),
      };
}
