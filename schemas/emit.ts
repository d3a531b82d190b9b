// SPDX-License-Identifier: Apache-2.0
/**
 * Writes the JSON Schemas of events, command bodies and resources to `schemas/json/`. `--check` writes nothing and
 * fails where a file differs from its source, or where an event's schema differs from what was released under its
 * version: a released schema is never edited, a change is a new version with an upcaster. `--release` records the
 * events' schemas as released.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { sha256 } from '../kernel/index.js';
import * as commands from './commands/index.js';
import { type EventType, eventSchemas, schemaVersion } from './events/index.js';
import * as resources from './resources/index.js';

const ROOT = join(import.meta.dirname, '..', '..', 'schemas');
const RELEASED = join(ROOT, 'released.json');
const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

const isSchema = (value: unknown): value is TSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (title: string, schema: TSchema): string =>
  `${JSON.stringify({ $schema: DIALECT, title, ...schema }, null, 2)}\n`;

/** Path below `schemas/json/` → content. */
function files(): Map<string, string> {
  const found = new Map<string, string>();
  for (const [type, schema] of Object.entries(eventSchemas)) {
    const name = `${type}@${schemaVersion(type as EventType)}`;
    found.set(`events/${name}.json`, text(name, schema));
  }
  for (const [folder, module] of Object.entries({ commands, resources })) {
    for (const [name, schema] of Object.entries(module)) {
      if (isSchema(schema)) {
        found.set(`${folder}/${name}.json`, text(name, schema));
      }
    }
  }
  return found;
}

function faults(wanted: ReadonlyMap<string, string>): string[] {
  const folder = join(ROOT, 'json');
  const present = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const left = present.filter((name) => name.endsWith('.json') && !wanted.has(name));
  const drifted = [...wanted].filter(([name, content]) => {
    const path = join(folder, name);
    return !existsSync(path) || readFileSync(path, 'utf8') !== content;
  });
  return [
    ...left.map((name) => `${name}: has no source any more`),
    ...drifted.map(([name]) => `${name}: differs from its source; run npm run generate:schemas`),
    ...editedAfterRelease(wanted),
  ];
}

function editedAfterRelease(wanted: ReadonlyMap<string, string>): string[] {
  const released = JSON.parse(readFileSync(RELEASED, 'utf8')) as Record<string, string>;
  return Object.entries(released)
    .filter(([name, hash]) => wanted.has(name) && sha256(wanted.get(name) ?? '') !== hash)
    .map(([name]) => `${name}: was released and is never edited; make a new version of it`);
}

const wanted = files();
if (process.argv.includes('--check')) {
  const found = faults(wanted);
  for (const fault of found) {
    console.error(fault);
  }
  console.log(`${wanted.size} schemas, ${found.length} faults`);
  process.exitCode = found.length > 0 ? 1 : 0;
} else {
  rmSync(join(ROOT, 'json'), { recursive: true, force: true });
  for (const [name, content] of wanted) {
    const path = join(ROOT, 'json', name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
  }
  if (process.argv.includes('--release')) {
    const events = [...wanted].filter(([name]) => name.startsWith('events/'));
    const hashes = Object.fromEntries(events.map(([name, content]) => [name, sha256(content)]));
    writeFileSync(RELEASED, `${JSON.stringify(hashes, null, 2)}\n`);
  }
  console.log(`${wanted.size} schemas written`);
}
