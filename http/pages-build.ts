// SPDX-License-Identifier: Apache-2.0
/** A step of the build: puts what the pages of the API's description need beside the program, and lists it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../kernel/index.js';
import type { PageManifest } from './pages.js';

const TO = join(import.meta.dirname, '..', 'pages');
const LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const JS = 'text/javascript; charset=utf-8';

const beside = (module: string) => {
  const folder = dirname(fileURLToPath(module));
  return (file: string): Buffer => readFileSync(join(folder, file));
};
const swagger = beside(import.meta.resolve('swagger-ui-dist'));
const redoc = beside(import.meta.resolve('redoc'));

const DOCS = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null });\n`;
const REDOC = `Redoc.init('/openapi.json', { disableSearch: false, hideHostname: true }, document.getElementById('redoc'));\n`;

const FILES: readonly (readonly [name: string, type: string, bytes: Buffer])[] = [
  ['swagger-ui-bundle.js', JS, swagger('swagger-ui-bundle.js')],
  ['swagger-ui.css', 'text/css; charset=utf-8', swagger('swagger-ui.css')],
  ['favicon-32x32.png', 'image/png', swagger('favicon-32x32.png')],
  ['swagger-ui-license.txt', 'text/plain; charset=utf-8', swagger('LICENSE')],
  [
    'swagger-ui-bundle-licenses.txt',
    'text/plain; charset=utf-8',
    swagger('swagger-ui-bundle.js.LICENSE.txt'),
  ],
  ['redoc.standalone.js', JS, redoc('redoc.standalone.js')],
  ['redoc-licenses.txt', 'text/plain; charset=utf-8', redoc('redoc.standalone.js.LICENSE.txt')],
  ['docs.js', JS, Buffer.from(DOCS)],
  ['redoc.js', JS, Buffer.from(REDOC)],
];

mkdirSync(TO, { recursive: true });
const manifest: Record<string, PageManifest[string]> = {};
for (const [name, type, bytes] of FILES) {
  // The maps are not served, and the one picture that ReDoc would fetch from elsewhere is left out.
  const plain =
    type === JS
      ? Buffer.from(
          bytes
            .toString()
            .replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n')
            .replaceAll(LOGO, 'data:,'),
        )
      : bytes;
  writeFileSync(join(TO, name), plain);
  manifest[name] = { type, sha256: sha256(plain) };
}
writeFileSync(join(TO, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
