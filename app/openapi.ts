// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { breakingChanges, described, type OpenApiDocument, postmanCollection } from '../http/index.js';
import { BadSetting } from './bad-setting.js';
import { openContext } from './context.js';
import { logger } from './logger.js';
import { presets } from './options.js';
import { assemble, VERSION } from './serve.js';
import { serveSettings } from './settings.js';

/** The description of everything that a process with all roles answers, made from the real table of routes. */
async function describeAll(): Promise<OpenApiDocument> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nxmesh-openapi-'));
  try {
    const settings = serveSettings({
      ...presets(),
      dataDir,
      adminPassword: 'not used by anybody',
      logLevel: 'silent',
    });
    const context = await openContext(settings, logger('silent'));
    const { parts, routes } = await assemble(context);
    const { document } = described(routes, VERSION);
    for (const part of parts.toReversed()) {
      await part.close();
    }
    await context.close();
    return document;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** File → what is to be in it. */
const filesOf = (document: OpenApiDocument): ReadonlyMap<string, string> =>
  new Map([
    ['openapi.json', text(document)],
    ['postman.json', text(postmanCollection(document))],
  ]);

function faults(folder: string, document: OpenApiDocument): string[] {
  const drifted = [...filesOf(document)].flatMap(([name, content]) => {
    const path = join(folder, name);
    const same = existsSync(path) && readFileSync(path, 'utf8') === content;
    return same ? [] : [`${path}: differs from the routes; run npm run generate:openapi`];
  });
  const released = join(folder, 'openapi.released.json');
  const older = JSON.parse(readFileSync(released, 'utf8')) as OpenApiDocument;
  return [...drifted, ...breakingChanges(older, document).map((one) => `breaks what was released: ${one}`)];
}

/** `nxmesh openapi`: prints the description of the API, or keeps the files made from it. */
export const openApiCommand = (): Command =>
  new Command('openapi')
    .description('print the description of the API')
    .option('--postman', 'as a Postman collection')
    .option('--write <folder>', 'write openapi.json and postman.json there')
    .option('--check <folder>', 'fail where those differ, or where openapi.released.json would be broken')
    .action(async ({ postman, write, check }: { postman?: true; write?: string; check?: string }) => {
      const document = await describeAll();
      if (check !== undefined) {
        const found = faults(check, document);
        if (found.length > 0) {
          throw new BadSetting(found.join('\n'));
        }
        return;
      }
      if (write === undefined) {
        process.stdout.write(text(postman ? postmanCollection(document) : document));
        return;
      }
      for (const [name, content] of filesOf(document)) {
        writeFileSync(join(write, name), content);
      }
    });
