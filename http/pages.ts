// SPDX-License-Identifier: Apache-2.0
/** Pages that show the API's description, served from files that the build has put beside the program. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { oneOf } from '../schemas/index.js';
import { type Route, route } from './route.js';

/** Written by the build: name → media type and SHA-256. Nothing else is ever read. */
export type PageManifest = Readonly<Record<string, { readonly type: string; readonly sha256: string }>>;

const FOLDER = join(import.meta.dirname, '..', 'pages');

/** Styles are made in the page by both; ReDoc searches in a worker of its own making. All else comes from here. */
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const page = (
  title: string,
  style: string,
  element: string,
  scripts: readonly string[],
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="/docs/favicon-32x32.png">
${style}</head>
<body style="margin: 0">
${element}
${scripts.map((file) => `<script src="/docs/${file}"></script>`).join('\n')}
</body>
</html>
`;

const PAGES = [
  {
    path: '/docs',
    operationId: 'getDocs',
    summary: 'Swagger UI',
    text: page(
      'NxMesh API',
      '<link rel="stylesheet" href="/docs/swagger-ui.css">\n',
      '<div id="swagger-ui"></div>',
      ['swagger-ui-bundle.js', 'docs.js'],
    ),
  },
  {
    path: '/redoc',
    operationId: 'getReDoc',
    summary: 'ReDoc',
    text: page('NxMesh API', '', '<div id="redoc"></div>', ['redoc.standalone.js', 'redoc.js']),
  },
];

/** None where the build has left no pages. */
export function pageRoutes(folder: string = FOLDER): Route[] {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path)) {
    return [];
  }
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as PageManifest;
  const read = new Map<string, Buffer>();
  const common = { method: 'GET', tag: 'Documentation', permission: 'public' } as const;
  const html = 'text/html; charset=utf-8';
  return [
    ...PAGES.map(({ text, ...place }) =>
      route({
        ...common,
        ...place,
        success: { status: 200, contentType: html },
        handler: () => ({
          content: { type: html, data: text },
          headers: { 'Content-Security-Policy': CSP },
        }),
      }),
    ),
    route({
      ...common,
      path: '/docs/{file}',
      operationId: 'getDocsFile',
      summary: 'What the pages are made of',
      params: { file: oneOf(...Object.keys(manifest)) },
      success: { status: 200, contentType: '*/*' },
      // Large, and asked for by anybody: compressing them each time is work that anybody could cause.
      compress: false,
      handler: ({ params: { file } }) => {
        const { type, sha256 } = manifest[file] ?? { type: 'text/plain', sha256: '0' };
        const data = read.get(file) ?? readFileSync(join(folder, file));
        read.set(file, data);
        return { content: { type, data }, revision: BigInt(`0x${sha256.slice(0, 15)}`) };
      },
    }),
  ];
}
