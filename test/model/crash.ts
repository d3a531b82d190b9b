// SPDX-License-Identifier: Apache-2.0
/** Several at once: writers who race with one ETag, and writers whose process is killed under them. */
import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { serverOf, upstreamOf } from './bodies.js';
import { type Doc, has, take, type Workspace } from './model.js';
import { remember } from './perform.js';
import type { Step } from './steps.js';
import type { World } from './world.js';

const AT_ONCE = 6;

/** Of writers with one ETag exactly one wins; the others change nothing. */
export async function race(world: World, workspace: Workspace, { which }: Step): Promise<void> {
  const upstreams = has(workspace, 'upstream');
  const subject = upstreams[which % Math.max(1, upstreams.length)];
  if (!subject) {
    return;
  }
  const id = String(subject.doc['id']);
  // None is what stands: it would change nothing, and so leave the ETag to the next.
  const now = Number(subject.doc['keepalive_connections']);
  const bodies = [1, 2, 3].map((more) => ({ keepalive_connections: (now + more) % 4_000 }));
  const names = bodies.map(() => world.nextName());
  const answers = await Promise.all(
    bodies.map((body, index) =>
      world.call(world.admin, 'PATCH', `/v1/upstreams/${id}`, body, {
        'If-Match': `"${subject.revision}"`,
        'X-Request-Id': names[index] ?? '',
      }),
    ),
  );
  assert.equal(answers.map(({ status }) => String(status)).sort(), ['200', '412', '412'], `race for ${id}`);
  const winner = answers.findIndex(({ status }) => status === 200);
  const answer = answers[winner];
  const doc = answer?.body as Doc;
  const expected = upstreamOf(bodies[winner] ?? {}, subject.doc);
  assert.equal(doc, { ...expected, updated_at: doc['updated_at'] });
  const requestId = names[winner] ?? '';
  world.model.withoutEvents.push(...names.filter((name) => name !== requestId));
  take(workspace, { kind: 'upstream', id, actor: world.admin.actor, requestId, after: doc });
  await remember(world, workspace, answer?.headers.get('nxmesh-position') ?? '');
}

interface Write {
  readonly name: string;
  readonly key: string;
  readonly body: Doc;
}

/** Asks for many at once, kills the process once some are answered, and asks for all of them again. */
export async function killed(world: World, workspace: Workspace, n: number): Promise<void> {
  const writes = Array.from({ length: AT_ONCE }, (_, index): Write => {
    const name = world.nextName();
    const servers = [{ address: `10.7.0.${1 + index}:80` }];
    return { name, key: randomUUID(), body: { name: `kept-${n}-${index}`, servers } };
  });
  const path = `/v1/workspaces/${workspace.id}/upstreams`;
  const send = ({ name, key, body }: Write) =>
    world.call(world.admin, 'POST', path, body, { 'Idempotency-Key': key, 'X-Request-Id': name });
  const first = writes.map((one) => send(one).catch(() => undefined));
  await (n % 3 === 0 ? undefined : n % 3 === 1 ? Promise.race(first) : Promise.all(first.slice(0, 3)));
  await world.restart('SIGKILL');
  const early = await Promise.all(first);
  const done = [];
  for (const [index, write] of writes.entries()) {
    const answer = await send(write);
    assert.is(answer.status, 201, JSON.stringify(answer.body));
    const [before, tag] = [early[index], answer.headers.get('etag')];
    if (before) {
      assert.equal([before.status, before.body, before.headers.get('etag')], [201, answer.body, tag]);
    }
    const shown = await world.call(world.admin, 'GET', `/v1/upstreams/${answer.body.id}`);
    assert.equal([shown.body, shown.headers.get('etag')], [answer.body, tag], 'read at once after it');
    assert.equal(
      answer.body.servers,
      (write.body['servers'] as Doc[]).map((one) => serverOf(one)),
    );
    done.push({ write, doc: answer.body as Doc, revision: Number(tag?.slice(1, -1)) });
  }
  for (const { write, doc, revision } of done.toSorted((a, b) => a.revision - b.revision)) {
    assert.is(revision, workspace.revision + 1, 'no event is missing, and none is there twice');
    const about = { kind: 'upstream', id: String(doc['id']), actor: world.admin.actor } as const;
    take(workspace, { ...about, requestId: write.name, after: doc });
  }
}
