// SPDX-License-Identifier: Apache-2.0
import { closed, ParkedHost, type Static } from '../schemas/index.js';
import { pick } from './present.js';

const { virtual_host_id, name, held_version, suspect, reason, stage, message } = ParkedHost.properties;

/**
 * A host that an agent does not run as desired, while it runs the rest. `held_version`: as it was then; null: not at
 * all. `suspect`: held back only until the host at fault is found.
 */
export const Parked = closed({ virtual_host_id, name, held_version, suspect, reason, stage, message });

export const presentParked = (hosts: readonly ParkedHost[]): Static<typeof Parked>[] =>
  hosts.map((host) =>
    pick(host, ['virtual_host_id', 'name', 'held_version', 'suspect', 'reason', 'stage', 'message']),
  );
