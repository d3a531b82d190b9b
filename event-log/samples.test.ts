// SPDX-License-Identifier: Apache-2.0
/** Golden samples: one file for every version of every event type that was ever released. They are never changed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type EventType, eventSchemas, schemaVersion } from '../schemas/index.js';
import { newStream, readAll, upstreamCreated } from './contract/subject.harness.js';
import { eventCatalogue, eventLog, memoryLog } from './index.js';

const folder = join(import.meta.dirname, '..', '..', 'schemas', 'samples');
const catalogue = eventCatalogue();
const types = Object.keys(eventSchemas) as EventType[];

const samples = readdirSync(folder).map((name) => {
  const [, type = '', version = ''] = /^([a-z_.]+)@([0-9]+)\.json$/.exec(name) ?? [];
  return { name, type, version, text: readFileSync(join(folder, name), 'utf8') };
});

test('every version of every event type has a sample, and no other file stands there', () => {
  const wanted = types.flatMap((type) =>
    Array.from({ length: schemaVersion(type) }, (_, index) => `${type}@${index + 1}.json`),
  );
  assert.equal(samples.map(({ name }) => name).sort(), wanted.sort());
});

test('every sample, as it was stored once, is read at its newest version and passes its schema', async () => {
  for (const { name, type, version, text } of samples) {
    const adapter = memoryLog();
    const stream = newStream();
    const { id, meta } = upstreamCreated();
    const stored = { id, type, data: text, meta: JSON.stringify({ ...meta, schema_version: version }) };
    await adapter.append(stream, 'none', [stored]);
    const [event] = await readAll(eventLog(adapter), stream);
    assert.is(event?.meta.schema_version, String(schemaVersion(type as EventType)), name);
    assert.equal(catalogue.get(type)?.validate(event?.data), { ok: true, value: event?.data }, name);
  }
});

test('a sample whose field is changed fails its schema', () => {
  for (const { name, type, text } of samples) {
    const data = { ...(JSON.parse(text) as object), unknown_member: 1 };
    assert.is(catalogue.get(type)?.validate(data).ok, false, name);
  }
});

test.run();
