// SPDX-License-Identifier: Apache-2.0
/** What leaves the API in the order of the log: the audit with its proof, and live events over every reconnection. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Client, client } from '../../read-api/feed/feed.harness.js';
import { BIN } from '../harness/nxmesh.js';
import { until } from '../harness/until.js';
import type { Told } from './model.js';
import { typeOf } from './past.js';
import type { World } from './world.js';

interface AuditRecord {
  readonly number: number;
  readonly type: string;
  readonly event_id: string;
  readonly resource_id: string;
  readonly request_id: string;
  readonly actor: string;
  readonly workspace_id: string | null;
}

/** The records of an organization, the oldest first, by cursor; `between` runs after each page. */
async function auditOf(
  world: World,
  organizationId: string,
  { limit = 100, between = async () => {} }: { limit?: number; between?: () => Promise<void> } = {},
): Promise<readonly AuditRecord[]> {
  const records: AuditRecord[] = [];
  const path = `/v1/audit?organization_id=${organizationId}&limit=${limit}`;
  let cursor = '';
  do {
    const { data, meta } = await world.ok(world.admin, 'GET', `${path}${cursor}`);
    records.push(...data);
    cursor = meta.next_cursor ? `&cursor=${meta.next_cursor}` : '';
    await between();
  } while (cursor !== '');
  return records.reverse();
}

/** A walk by cursor while others write shows what there was at its start, each once. */
export async function walkHolds(
  world: World,
  organizationId: string,
  between: () => Promise<void>,
): Promise<void> {
  const before = await auditOf(world, organizationId);
  const limit = Math.max(1, Math.ceil(before.length / 4));
  const walked = await auditOf(world, organizationId, { limit, between });
  assert.equal(walked, before, 'a walk while others write');
}

const keyOf = (one: Told): string => [typeOf(one), one.id, one.requestId, one.actor].join(' ');

/** One record for each event and none for what came to nothing; the export proves itself. */
export async function auditHolds(world: World): Promise<void> {
  const without = new Set(world.model.withoutEvents);
  for (const { id, told } of world.model.organizations) {
    const records = await auditOf(world, id);
    assert.equal(
      records.map(({ number }) => number),
      records.map((_, index) => index + 1),
      'numbers have no gaps',
    );
    assert.is(new Set(records.map((one) => one.event_id)).size, records.length, 'one record an event');
    assert.equal(
      records.filter((one) => without.has(one.request_id)),
      [],
      'what came to nothing left nothing',
    );
    for (const workspace of world.model.workspaces.filter(({ organizationId }) => organizationId === id)) {
      const own = records.filter(
        (one) => one.workspace_id === workspace.id && /^(upstream|virtual_host|certificate)\./.test(one.type),
      );
      assert.equal(
        own.map((one) => [one.type, one.resource_id, one.request_id, one.actor].join(' ')),
        workspace.told.map(keyOf),
        'the audit of a workspace',
      );
    }
    const named = records.map((one) => one.request_id);
    assert.equal(
      told.filter(({ requestId }) => !named.includes(requestId)),
      [],
      'changes of members',
    );
    await exportVerifies(world, id);
  }
}

async function exportVerifies(world: World, organizationId: string): Promise<void> {
  const headers = { Authorization: `Bearer ${world.admin.token}` };
  const { url } = world.plane();
  const answer = await fetch(`${url}/v1/audit/export?organization_id=${organizationId}`, { headers });
  const file = join(world.dataDir, '..', 'audit.ndjson');
  writeFileSync(file, await answer.text());
  const { status, stdout, stderr } = spawnSync(BIN, ['audit', 'verify', file], { encoding: 'utf8' });
  assert.is(status, 0, stdout + stderr);
}

/** Follows everything from the beginning, and goes on where it was whenever the process is another. */
export function follower(world: World) {
  const connections: Client[] = [];
  const events = () => connections.flatMap((one) => one.events());
  return {
    async connect(): Promise<void> {
      const after = events().at(-1)?.position ?? '0';
      const { ticket } = await world.ok(world.admin, 'POST', '/v1/events/tickets', {});
      const address = world.plane().url.replace('http', 'ws');
      const one = client(`${address}/v1/events?token=${ticket}&events=*&after=${after}`);
      connections.push(one);
      await one.next('caught-up');
    },
    /** Cut off in the middle. */
    drop: (): void => connections.at(-1)?.socket.terminate(),
    async holds(): Promise<void> {
      await until('the feed has told all', () => complete(world, events()));
      const all = events();
      const positions = all.map(({ position }) => BigInt(position ?? 0));
      assert.ok(
        positions.every((one, index) => index === 0 || one > (positions[index - 1] ?? 0n)),
        'each once and in order',
      );
      for (const workspace of world.model.workspaces) {
        assert.equal(
          shownOf(all, workspace.id),
          workspace.told.map((one) => `${typeOf(one)} ${one.id}`),
        );
      }
    },
    end: (): void => {
      for (const { socket } of connections) {
        socket.terminate();
      }
    },
  };
}

type Frames = ReturnType<Client['events']>;

function shownOf(frames: Frames, workspaceId: string): string[] {
  return frames.flatMap(({ type, data, workspace_id }) => {
    const [kind = ''] = type.split('.');
    return workspace_id === workspaceId && ['upstream', 'virtual_host', 'certificate'].includes(kind)
      ? `${type} ${data[kind]?.id ?? data[`${kind}_id`]}`
      : [];
  });
}

const complete = (world: World, frames: Frames): boolean =>
  world.model.workspaces.every(({ id, told }) => shownOf(frames, id).length >= told.length);
