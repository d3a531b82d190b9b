// SPDX-License-Identifier: Apache-2.0
import type { EventLog } from '../event-log/index.js';
import { streams, uuidv5 } from '../kernel/index.js';
import { schemaVersion } from '../schemas/index.js';

/** Publishes versions of workspaces that change nothing, as the workflow does. */
export function versionPublisher(
  log: EventLog,
  at: string,
): (workspaceId: string, version: number) => Promise<void> {
  const heads = new Map<string, bigint>();
  return async (workspaceId: string, version: number): Promise<void> => {
    const stream = streams.config(workspaceId);
    const id = uuidv5(stream, version);
    const head = heads.get(stream);
    const meta = {
      command_id: id,
      command_digest: 'a'.repeat(64),
      correlation_id: id,
      causation_id: id,
      actor: 'system',
      schema_version: String(schemaVersion('config.version_published')),
      recorded_at: at,
    };
    const data = {
      workspace_id: workspaceId,
      version,
      part: 1,
      parts: 1,
      source_revision: '5',
      compiler_version: 1,
      upserts: [],
      removes: [],
      targets: {},
      causes: [],
    };
    await log.append(stream, head ?? 'none', [{ id, type: 'config.version_published', data, meta }]);
    heads.set(stream, (head ?? -1n) + 1n);
  };
}
