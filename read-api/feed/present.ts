// SPDX-License-Identifier: Apache-2.0
/** Events as subscribers see them. The bodies of the specification's types are its own, to the letter. */
import { publicData, type StoredEvent } from '../../schemas/index.js';

/** Of a version with more changes the first are told; the changes of the workspace have them all. */
const MAX_CAUSES = 100;

type Data = Readonly<Record<string, unknown>>;

function published({ data }: StoredEvent<'config.version_published'>): Data {
  return {
    workspace_id: data.workspace_id,
    version: data.version,
    source_revision: data.source_revision,
    causes: data.causes
      .slice(0, MAX_CAUSES)
      .map(({ type, resource_kind, resource_id, resource_name, changed }) => ({
        type,
        resource_kind,
        resource_id,
        resource_name,
        changed,
      })),
  };
}

function refused({ data }: StoredEvent<'config.refused' | 'config.rolled_back'>): Data {
  const { version, digest, duration_ms, reason, stage, message } = data.failure;
  return {
    agent_id: data.agent_id,
    config_id: digest,
    version,
    duration_ms,
    success: false,
    reason,
    stage,
    message,
  };
}

/** The body of an event, as JSON text; undefined for one that nobody is shown. */
export function presentData(event: StoredEvent): string | undefined {
  switch (event.type) {
    case 'agent.connected': {
      const { hostname, ip_address } = event.data.facts;
      return JSON.stringify({ agent_id: event.data.agent_id, hostname, ip_address });
    }
    case 'agent.disconnected':
      return JSON.stringify({ agent_id: event.data.agent_id, reason: event.data.reason });
    case 'config.sent': {
      const { agent_id, digest, version } = event.data;
      return JSON.stringify({ agent_id, config_id: digest, version });
    }
    case 'config.applied': {
      const { agent_id, digest, version, duration_ms } = event.data;
      return JSON.stringify({ agent_id, config_id: digest, version, duration_ms, success: true });
    }
    case 'config.refused':
    case 'config.rolled_back':
      return JSON.stringify(refused(event));
    case 'config.version_published':
      // A version in several parts is there with its last.
      return event.data.part === event.data.parts ? JSON.stringify(published(event)) : undefined;
    case 'health.alert_raised':
    case 'health.alert_cleared': {
      const { alert_id, severity, message, metric, value } = event.data.alert;
      return JSON.stringify({ agent_id: event.data.agent_id, alert_id, severity, message, metric, value });
    }
    case 'custom_event.emitted':
      return JSON.stringify(event.data.data);
    default:
      return publicData(event);
  }
}
