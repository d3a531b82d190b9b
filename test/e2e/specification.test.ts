// SPDX-License-Identifier: Apache-2.0
// @slow 300
/** `docs/specification.sh` against an embedded server: the specification's own examples, with a real agent. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../harness/folder.js';
import { ADMIN, controlPlane } from '../harness/nxmesh.js';
import { freePort } from '../harness/ports.js';
import { start } from '../harness/process.js';

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'docs', 'specification.sh');

test('the specification holds from top to bottom', async () => {
  const place = folder('specification');
  const plane = await controlPlane(join(place.path, 'data'));
  try {
    const script = start(SCRIPT, [], {
      env: {
        NXMESH_URL: plane.url,
        NXMESH_GATEWAY: plane.gateway,
        NXMESH_EMAIL: ADMIN.email,
        NXMESH_PASSWORD: ADMIN.password,
        NXMESH_HTTP_PORT: String(await freePort()),
        NXMESH_HTTPS_PORT: String(await freePort()),
      },
    });
    const code = await script.exited;
    const output = script.output();
    assert.is(code, 0, output);
    const [, checks] = /^([0-9]+) checks, 0 faults/m.exec(output) ?? [];
    assert.ok(Number(checks) > 100, output);
  } finally {
    await plane.process.end();
    place.remove();
  }
});

test.run();
