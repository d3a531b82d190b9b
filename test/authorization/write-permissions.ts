// SPDX-License-Identifier: Apache-2.0
/** Writes `docs/permissions.md`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { permissionsPage } from './permissions.js';
import { startWorld } from './world.harness.js';

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'permissions.md');

const world = await startWorld('permissions');
writeFileSync(PAGE, permissionsPage(world.routes));
await world.close();
