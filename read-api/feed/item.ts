// SPDX-License-Identifier: Apache-2.0
import type { Action } from '../../http/index.js';
import { categoryOf, idOf, type Position } from '../../kernel/index.js';
import type { StoredEvent } from '../../schemas/index.js';
import { FEED, type FeedType, shownType } from './catalogue.js';
import { presentData } from './present.js';

/** An event on its way to all who may see it: made once, serialised once. */
export interface Item {
  readonly position: Position;
  /** As subscribers call it. */
  readonly type: string;
  readonly custom: boolean;
  readonly organizationId: string;
  readonly workspaceId: string | undefined;
  readonly agentId: string | undefined;
  readonly action: Action;
  /** What rights are decided on, in one word. */
  readonly rights: string;
  /** Characters of its data. */
  readonly size: number;
  text(): string;
  /** The same, as it goes over a socket. */
  bytes(): Buffer;
}

function placeOf({ stream, meta }: StoredEvent): { organizationId?: string; workspaceId?: string } {
  const category = categoryOf(stream);
  const organizationId = category === 'organization' ? idOf(stream) : meta.organization_id;
  const inWorkspace = category === 'workspace' || category === 'config';
  const workspaceId = inWorkspace ? idOf(stream) : meta.workspace_id;
  return {
    ...(organizationId === undefined ? {} : { organizationId }),
    ...(workspaceId === undefined ? {} : { workspaceId }),
  };
}

function agentOf({ data }: StoredEvent): string | undefined {
  if ('agent_id' in data) {
    return data.agent_id;
  }
  return 'agent' in data ? data.agent.id : undefined;
}

const isFeedType = (type: string): type is FeedType => Object.hasOwn(FEED, type);

/** Undefined for what the feed does not show. */
export function itemOf(event: StoredEvent): Item | undefined {
  const { organizationId, workspaceId } = placeOf(event);
  const data = isFeedType(event.type) ? presentData(event) : undefined;
  if (!isFeedType(event.type) || data === undefined || organizationId === undefined) {
    return undefined;
  }
  const custom = event.type === 'custom_event.emitted';
  const type = event.type === 'custom_event.emitted' ? event.data.type : shownType(event.type);
  const action = FEED[event.type];
  let text: string | undefined;
  let bytes: Buffer | undefined;
  const around = JSON.stringify({
    position: String(event.position),
    id: event.id,
    organization_id: organizationId,
    workspace_id: workspaceId ?? null,
    ...(custom ? { custom } : {}),
  });
  const head = JSON.stringify({ type, timestamp: event.meta.recorded_at });
  const asText = (): string => {
    text ??= `${head.slice(0, -1)},"data":${data},${around.slice(1)}`;
    return text;
  };
  return {
    position: event.position,
    size: data.length,
    type,
    custom,
    organizationId,
    workspaceId,
    agentId: agentOf(event),
    action,
    rights: `${action} ${organizationId} ${workspaceId ?? ''}`,
    text: asText,
    bytes: () => {
      bytes ??= Buffer.from(asText());
      return bytes;
    },
  };
}
