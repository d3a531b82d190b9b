// SPDX-License-Identifier: Apache-2.0
/** Sends one request in one manner, holds the answer to what was foretold, and takes what came of it into the model. */
import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { Answer } from '../harness/api.js';
import { until } from '../harness/until.js';
import { badPatch } from './bodies.js';
import { type Asker, type Doc, PLURALS, refusedBy, take, type Workspace } from './model.js';
import type { Effect, Plan, Refusal } from './plans.js';
import type { Manner, Step } from './steps.js';
import { organizationOf, type World } from './world.js';

const text = (body: unknown): string => JSON.stringify(body) ?? '';

interface Detail {
  readonly field: string;
  readonly code: string;
}

function refusedAsForetold(answer: Answer, { codes, all = false }: Refusal, about: string): void {
  const details = (answer.body.error.details ?? []) as Detail[];
  const named = details.map(({ field, code }) => (all ? `${field} ${code}` : code));
  if (all) {
    assert.equal(named.toSorted(), codes?.toSorted(), `${about}: ${text(answer.body)}`);
  } else if (codes) {
    assert.ok(
      codes.some((code) => code === '' || named.includes(code)),
      `${about}: none of ${codes.join()}: ${text(answer.body)}`,
    );
  }
}

/** Headers of a manner, and what it comes to instead of what the plan says. */
function inManner(
  plan: Plan,
  manner: Manner,
  n: number,
): { headers: Record<string, string>; refusal?: Refusal } {
  const revision = plan.subject?.revision ?? 0;
  switch (manner) {
    case 'etag':
      return { headers: plan.subject ? { 'If-Match': `"${revision}"` } : {} };
    case 'stale': {
      const other = `"${n % 2 === 0 ? revision + 1_000 : revision - 1}"`;
      return plan.subject ? { headers: { 'If-Match': other }, refusal: { status: 412 } } : { headers: {} };
    }
    case 'wrong':
      return plan.body ? { headers: {}, refusal: { status: 422 } } : { headers: {} };
    case 'again':
    case 'other':
      return { headers: { 'Idempotency-Key': randomUUID() } };
    default:
      return { headers: {} };
  }
}

export async function perform(world: World, plan: Plan, step: Step, by: Asker): Promise<void> {
  const { model } = world;
  const { manner, n } = step;
  const { headers, refusal: ofManner } = inManner(plan, manner, n);
  const right = refusedBy(model, by, plan.place, plan.least, plan.scope);
  const refusal = right === undefined ? (ofManner ?? plan.refusal) : { status: right };
  const body = manner === 'wrong' && plan.body ? badPatch(n) : plan.body;
  const name = world.nextName();
  const about = `${name} ${by.name} ${manner} ${plan.method} ${plan.path} ${text(body)}`;
  const send = (query = '', sent: unknown = body): Promise<Answer> =>
    world.call(by, plan.method, `${plan.path}${query}`, sent, {
      ...headers,
      'X-Request-Id': name + query.slice(0, 1).replace('?', '-dry'),
    });
  const expected = refusal?.status ?? plan.status;

  const dry = plan.rehearsable && manner === 'rehearsed' ? await send('?dry_run=true') : undefined;
  const from = world.now();
  const answer = await send();
  assert.is(answer.status, expected, `${about}: ${text(answer.body)}`);
  if (dry) {
    model.withoutEvents.push(`${name}-dry`);
    assert.is(dry.status, answer.status, about);
    assert.equal(foretold(dry), foretold(answer), about);
  }
  if (manner === 'again') {
    const again = await send();
    assert.equal([again.status, text(again.body)], [answer.status, text(answer.body)], `${about} again`);
    for (const name of ['etag', 'nxmesh-position']) {
      assert.is(again.headers.get(name), answer.headers.get(name), `${about} again: ${name}`);
    }
  }
  const changes = refusal === undefined && (plan.effects.length > 0 || plan.person !== undefined);
  if (manner === 'other' && changes && plan.body) {
    const mismatch = await send('', { ...plan.body, ...another(plan.body) });
    assert.is(mismatch.status, 422, `${about} with another body`);
    assert.is(mismatch.body.error.code, 'IDEMPOTENCY_MISMATCH', about);
  }
  if (!changes) {
    model.withoutEvents.push(name);
    if (refusal) {
      refusedAsForetold(answer, refusal, about);
    }
    return;
  }
  if (plan.person) {
    await takePerson(world, plan, answer, name);
  } else {
    await takeEffects(world, plan, answer, { by, name, from, about });
  }
}

/** Another value of a field that a body has. */
const OTHER: Readonly<Record<string, Doc>> = {
  name: { name: 'another' },
  keepalive_connections: { keepalive_connections: 4_000 },
  algorithm: { algorithm: 'weighted_round_robin' },
  servers: { servers: [{ address: '10.9.9.9:80' }] },
  health_check: { health_check: { interval: 3_000 } },
  address: { address: '10.9.9.9:80' },
  weight: { weight: 60_000 },
  server_name: { server_name: 'another.example.com' },
  listen_port: { listen_port: 9_999 },
  locations: { locations: [] },
  target_agents: { target_agents: { type: 'selector', label_selector: 'another=one' } },
  ssl_enabled: { listen_port: 9_999 },
  path: { path: '/another' },
  domain: { domain: 'another.example.com' },
  user_id: { user_id: randomUUID() },
};

const another = (body: Doc): Doc | undefined =>
  'role' in body
    ? { role: body['role'] === 'viewer' ? 'editor' : 'viewer' }
    : OTHER[Object.keys(body)[0] ?? ''];

/** What a rehearsal says, but for when: a refusal or the resources. */
const foretold = ({ status, body }: Answer): unknown =>
  JSON.parse(
    JSON.stringify(body, (key, value) =>
      ['updated_at', 'dry_run', 'request_id'].includes(key) ? undefined : value,
    ) ?? 'null',
  ) ?? status;

/** The order in which its events stand, where there are several. */
function inOrder(plan: Plan, answer: Answer): readonly Effect[] {
  if (!/\/(undo|rollback)$/.test(plan.path)) {
    return plan.effects;
  }
  const changes = answer.body.changes as { id: string }[];
  assert.equal(
    changes.map(({ id }) => id).toSorted(),
    plan.effects.map(({ id }) => String(id)).toSorted(),
    plan.path,
  );
  return changes.flatMap(({ id }) => plan.effects.find((one) => one.id === id) ?? []);
}

async function takeEffects(
  world: World,
  plan: Plan,
  answer: Answer,
  { by, name, from, about }: { by: Asker; name: string; from: string; about: string },
): Promise<void> {
  const workspace = world.model.workspaces.find(({ id }) => id === plan.place.workspaceId) as Workspace;
  for (const effect of inOrder(plan, answer)) {
    const id = effect.id ?? String(answer.body.id);
    const revision = workspace.revision + 1;
    const shown = await world.call(world.admin, 'GET', `/v1/${PLURALS[effect.kind]}/${id}`);
    let after: Doc | null = null;
    if (effect.doc === null) {
      assert.is(shown.status, 404, `${about}: is gone`);
    } else {
      assert.is(shown.status, 200, about);
      after = shown.body as Doc;
      const life = {
        updated_at: after['updated_at'],
        ...(effect.id === undefined ? { id, created_at: after['created_at'] } : {}),
      };
      const whole = { ...(effect.partial ? after : {}), ...effect.doc, ...life };
      assert.equal(after, whole, about);
      assert.is(shown.headers.get('etag'), `"${revision}"`, about);
      const at = String(after['updated_at']);
      assert.ok(at >= from && at <= world.now(), `${about}: ${at} is not when it was done`);
      if (answer.body?.id === id) {
        assert.equal(answer.body, after, `${about}: as GET shows it`);
        assert.is(answer.headers.get('etag'), `"${revision}"`, about);
      }
    }
    take(workspace, { kind: effect.kind, id, actor: by.actor, requestId: name, after });
  }
  const position = answer.headers.get('nxmesh-position');
  assert.ok(position, `${about}: has no position`);
  await remember(world, workspace, position);
}

/** What stands now is what the past has to show of this moment. */
export async function remember(world: World, workspace: Workspace, position: string): Promise<void> {
  const instant = await later(world);
  const { revision, standing } = workspace;
  workspace.moments.push({ revision, position, instant, standing });
}

/** An instant after which nothing has happened yet, and that is over. */
async function later({ now }: World): Promise<string> {
  const instant = now();
  await until('the clock has moved', () => now() > instant, 1_000, 1);
  return instant;
}

async function takePerson(world: World, plan: Plan, answer: Answer, name: string): Promise<void> {
  const { person, place } = plan;
  if (!person) {
    return;
  }
  const organization = organizationOf(world, place.organizationId);
  const people = new Map(organization.people);
  if (person.next === null) {
    people.delete(person.userId);
  } else {
    people.set(person.userId, person.next);
  }
  organization.people = people;
  organization.told.push({ requestId: name, userId: person.userId });
  const position = answer.headers.get('nxmesh-position') ?? '';
  organization.moments.push({ position, instant: await later(world), people });
}
