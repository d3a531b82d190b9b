// SPDX-License-Identifier: Apache-2.0
/** The pages of the API's description in a real browser: they show it, and ask for nothing from anywhere else. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../harness/folder.js';
import { type ControlPlane, controlPlane } from '../harness/nxmesh.js';
import { until } from '../harness/until.js';

const CHROMIUM = '/usr/bin/chromium';
const suiteOf = suite('pages');
const test = existsSync(CHROMIUM) ? suiteOf : suiteOf.skip;
if (!existsSync(CHROMIUM)) {
  console.log(`skipped: there is no ${CHROMIUM} to open the pages with`);
}

const data = folder('pages');
let plane: ControlPlane | undefined;
let browser: Browser | undefined;

suiteOf.before(async () => {
  if (existsSync(CHROMIUM)) {
    plane = await controlPlane(data.path);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  }
});

suiteOf.after(async () => {
  await browser?.close();
  await plane?.process.end();
  data.remove();
});

/** Opens a page and waits for what shows that it has read the description. */
async function open(path: string, sign: string, end?: string) {
  assert.ok(plane && browser);
  const { url } = plane;
  const page = await browser.newPage();
  const foreign: string[] = [];
  const failed: string[] = [];
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) {
      foreign.push(request.url());
    }
  });
  page.on('response', (response) => {
    if (response.status() >= 400) {
      failed.push(`${response.status()} ${response.url()}`);
    }
  });
  page.on('pageerror', (error) => failed.push(error.message));
  await page.goto(`${url}${path}`);
  await page.waitForSelector(sign, { timeout: 20_000 });
  let text = await page.innerText('body');
  // Swagger UI holds only what is to be seen: the rest comes as one scrolls.
  await until(
    'the page has shown its end',
    async () => {
      await page.mouse.wheel(0, 600);
      return end === undefined || (await page.$(end)) !== null;
    },
    20_000,
  );
  text += await page.innerText('body');
  const shot = process.env['NXMESH_TEST_SHOTS'];
  if (shot !== undefined) {
    await page.screenshot({ path: `${shot}${path}.png` });
  }
  await page.close();
  return { text, foreign, failed };
}

test('Swagger UI shows every tag and operation', async () => {
  const { text, foreign, failed } = await open('/docs', '.opblock', '[data-path="/api/v1/status"]');
  assert.match(text, 'List your API keys');
  assert.match(text, '/api/v1/status');
  assert.equal([foreign, failed], [[], []]);
});

test('ReDoc shows the description', async () => {
  const { text, foreign, failed } = await open('/redoc', '[data-section-id^="tag/"]');
  assert.match(text, 'Upstreams');
  assert.equal([foreign, failed], [[], []]);
});

suiteOf.run();
