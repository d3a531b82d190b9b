// SPDX-License-Identifier: Apache-2.0
/** Uploads over real HTTP, into a real vault: what becomes of the key when the event does not come to be. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AT, id, WORKSPACE } from '../../domain/workspace/workspace.fixture.js';
import { type EventLog, eventLog, memoryLog, Unavailable } from '../../event-log/index.js';
import { startApp } from '../../http/http.harness.js';
import { Secret, streams, systemClock, systemRandom, systemTimers } from '../../kernel/index.js';
import { type Doc, memoryReadStore } from '../../read-store/index.js';
import { openVault } from '../../vault/index.js';
import { commandHandlers } from '../handlers.js';
import { certificateCommands, readMaterial } from './index.js';
import { testPair } from './pairs.harness.js';

const ORGANIZATION = id(999);
const PATH = `/v1/workspaces/${WORKSPACE}/certificates`;
const pair = await testPair('api.example.com');
const another = await testPair('api.example.com');
const bodyOf = ({ certificate, key }: typeof pair) => ({
  domain: 'api.example.com',
  certificate_pem: certificate,
  private_key_pem: key,
});

async function setup() {
  const log = eventLog(memoryLog());
  const fault: { log?: Error | undefined } = {};
  const failing: EventLog = {
    ...log,
    append: (...args) => (fault.log ? Promise.reject(fault.log) : log.append(...args)),
  };
  const store = memoryReadStore({ clock: systemClock });
  const vault = await openVault({ store, masterKey: new Secret(Buffer.alloc(32, 7)), random: systemRandom });
  const deps = { clock: systemClock, timers: systemTimers, random: systemRandom };
  const handlers = commandHandlers({ log: failing, ...deps });
  await handlers.workspace.run(
    streams.workspace(WORKSPACE),
    WORKSPACE,
    {
      type: 'create-workspace',
      id: WORKSPACE,
      organizationId: ORGANIZATION,
      body: { name: 'W', slug: 'w' },
      at: AT,
    },
    { commandId: 'c', digest: 'd', correlationId: 'r', causationId: 'r', actor: 'system' },
    () => undefined,
  );
  const state = () =>
    handlers.workspace.peek(streams.workspace(WORKSPACE), ({ certificates }) => [...certificates.keys()]);
  const app = await startApp(
    certificateCommands({
      handlers,
      vault,
      ...deps,
      passed: async () => true,
      locate: async (kind, wanted) =>
        (kind === 'workspace' && wanted === WORKSPACE) ||
        (kind === 'certificate' && (await state()).includes(wanted))
          ? { workspaceId: WORKSPACE, organizationId: ORGANIZATION }
          : undefined,
    }),
  );
  const { token } = await app.user({ [ORGANIZATION]: 'editor' });
  return {
    ...app,
    fault,
    vault,
    state,
    /** Ids of the vault's records. */
    records: async (): Promise<string[]> => (await store.find('secrets')).items.map((doc: Doc) => doc.id),
    post: (json: object, key?: string, as = token) =>
      app.call('POST', PATH, { token: as, json, ...(key ? { headers: { 'idempotency-key': key } } : {}) }),
    remove: (certificate: string) => app.call('DELETE', `/v1/certificates/${certificate}`, { token }),
  };
}
const withApp =
  (run: (app: Awaited<ReturnType<typeof setup>>) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const app = await setup();
    try {
      await run(app);
    } finally {
      await app.close();
    }
  };

test(
  'the key is in the vault for its workspace, and goes with the certificate',
  withApp(async ({ post, remove, records, vault }) => {
    const made = await post(bodyOf(pair));
    assert.is(made.status, 201, made.text);
    assert.equal(await records(), [`certificate/${made.json.id}`]);
    const material = await readMaterial(vault, WORKSPACE, made.json.id);
    assert.is(material?.privateKeyPem.reveal(), pair.key);
    assert.is(await readMaterial(vault, id(1), made.json.id), undefined, 'not for another workspace');
    assert.is((await remove(made.json.id)).status, 204);
    assert.equal(await records(), []);
  }),
);

test(
  'a refused upload leaves nothing in the vault',
  withApp(async ({ post, records }) => {
    assert.is((await post({ ...bodyOf(pair), private_key_pem: another.key })).status, 422);
    assert.is((await post({ ...bodyOf(pair), provider: 'letsencrypt' })).status, 422);
    assert.equal(await records(), []);
    await post(bodyOf(pair));
    assert.is((await post(bodyOf(pair))).status, 409);
    assert.is((await records()).length, 1);
  }),
);

test(
  'what is wrong with a form is for those who may send one',
  withApp(async ({ call, user, records }) => {
    const part = (name: string, value: string): string =>
      `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const forms = [
      part('owner', 'x'),
      part('domain', 'a.test').repeat(2),
      part('domain', 'x'.repeat(60_000)),
    ];
    const [editor, viewer, stranger] = [
      await user({ [ORGANIZATION]: 'editor' }),
      await user({ [ORGANIZATION]: 'viewer' }),
      await user(),
    ];
    for (const form of forms) {
      const statuses: number[] = [];
      for (const { token } of [editor, viewer, stranger]) {
        const headers = { 'content-type': 'multipart/form-data; boundary=B' };
        statuses.push((await call('POST', PATH, { token, headers, body: `${form}--B--` })).status);
      }
      assert.equal(statuses, [422, 403, 404]);
    }
    assert.equal(await records(), []);
  }),
);

test(
  'the same Idempotency-Key with another key never writes over the first',
  withApp(async ({ post, records, vault }) => {
    const answers = await Promise.all([post(bodyOf(pair), 'k'), post(bodyOf(another), 'k')]);
    assert.equal(new Set(answers.map(({ status }) => status)), new Set([201, 422]));
    const made = answers.find(({ status }) => status === 201)?.json;
    assert.equal(await records(), [`certificate/${made.id}`]);
    const expected = made.fingerprint === pair.fingerprint ? pair : another;
    assert.is((await readMaterial(vault, WORKSPACE, made.id))?.privateKeyPem.reveal(), expected.key);
  }),
);

test(
  'a request that is answered again after the deletion brings no key back',
  withApp(async ({ post, remove, records }) => {
    const made = await post(bodyOf(pair), 'k');
    assert.is((await post(bodyOf(pair), 'k')).text, made.text);
    assert.is((await records()).length, 1);
    await remove(made.json.id);
    assert.is((await post(bodyOf(pair), 'k')).text, made.text);
    assert.equal(await records(), []);
  }),
);

test(
  'when the log does not answer the key is kept, and the next try finishes it',
  withApp(async ({ post, records, fault, state }) => {
    fault.log = new Unavailable('down');
    assert.is((await post(bodyOf(pair), 'k')).status, 503);
    const kept = (await records())
      .map((one) => one.split('/')[0])
      .toSorted((a = '', b = '') => a.localeCompare(b));
    assert.equal(kept, ['certificate', 'certificate-unsaid'], 'the event may be there all the same');
    fault.log = undefined;
    const made = await post(bodyOf(pair), 'k');
    assert.is(made.status, 201, made.text);
    assert.equal([await records(), await state()], [[`certificate/${made.json.id}`], [made.json.id]]);
  }),
);

test(
  'who may not upload is refused before anything is looked at',
  withApp(async ({ post, user, records, lines }) => {
    const viewer = (await user({ [ORGANIZATION]: 'viewer' })).token;
    const stranger = (await user({ [id(1)]: 'owner' })).token;
    assert.is((await post({ ...bodyOf(pair), certificate_pem: 'x' }, undefined, viewer)).status, 403);
    assert.is((await post(bodyOf(pair), undefined, stranger)).status, 404);
    assert.equal(await records(), []);
    await post(bodyOf(pair));
    const line = pair.key.split('\n')[1] ?? '';
    assert.ok(line.length > 40 && lines.length >= 3);
    assert.not(lines.join('\n').includes(line), 'the log has nothing of a key');
  }),
);

const form = (parts: Record<string, string | Blob>) => {
  const made = new FormData();
  for (const [name, value] of Object.entries(parts)) {
    made.set(name, value);
  }
  return new Response(made);
};

test(
  'a pair comes as a form too, with its chain apart, and is the same upload',
  withApp(async ({ call, user, records, vault, lines }) => {
    const root = await testPair('Root', { names: [], isAuthority: true });
    const leaf = await testPair('api.example.com', { issuer: root });
    const { token } = await user({ [ORGANIZATION]: 'editor' });
    const send = async (parts: Record<string, string | Blob>) => {
      const made = form(parts);
      const headers = { 'content-type': made.headers.get('content-type') ?? '' };
      return call('POST', PATH, { token, headers, body: Buffer.from(await made.arrayBuffer()) });
    };
    const parts = {
      domain: 'api.example.com',
      certificate: new Blob([leaf.certificate]),
      chain: new Blob([root.certificate]),
      private_key: new Blob([leaf.key]),
    };
    const made = await send(parts);
    assert.is(made.status, 201, made.text);
    assert.equal([made.json.fingerprint, made.json.issuance], [leaf.fingerprint, null]);
    const material = await readMaterial(vault, WORKSPACE, made.json.id);
    assert.is(material?.certificatePem.match(/BEGIN CERTIFICATE/g)?.length, 2);
    const without = await send({ domain: 'api.example.com', certificate: new Blob([pair.certificate]) });
    assert.equal(
      without.json.error.details.map((one: { field: string; code: string }) => `${one.field} ${one.code}`),
      ['private_key_pem REQUIRED'],
    );
    const exchanged = await send({ ...parts, private_key: new Blob([another.key]) });
    assert.is(exchanged.json.error.details[0].code, 'KEY_MISMATCH');
    assert.is((await records()).length, 1);
    const canary = leaf.key.split('\n')[1] ?? '';
    assert.not([made.text, exchanged.text, ...lines].join('\n').includes(canary));
  }),
);

test.run();
