// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { configFileOf, presets } from './options.js';
import { serveSettings } from './settings.js';

const settings = (given: Record<string, string>) => serveSettings({ ...presets(), ...given });

const faults = (given: Record<string, string>): string => {
  try {
    settings(given);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('left alone: nobody is let in, and the limits are those of the specification', () => {
  const { rateLimit, rateLimitNetwork, authLimit, corsOrigins, metricsAccess } = settings({});
  assert.equal([rateLimit, rateLimitNetwork], [1000, 1000]);
  assert.equal(authLimit, { limit: 10, windowMs: 600_000 });
  assert.equal(corsOrigins, []);
  assert.is(metricsAccess, 'loopback');
});

test('origins are taken in the spelling of browsers and in no other', () => {
  const given = 'https://console.example.com, http://localhost:3000';
  assert.equal(settings({ corsOrigins: given }).corsOrigins, [
    'https://console.example.com',
    'http://localhost:3000',
  ]);
  for (const origin of [
    '*',
    'null',
    'console.example.com',
    'https://console.example.com/',
    'https://Console.example.com',
    'https://console.example.com:443',
    'https://user@console.example.com',
    'https://*.example.com',
    'file:///etc',
    'https://',
  ]) {
    assert.match(faults({ corsOrigins: origin }), /^cors-origins: /, origin);
  }
});

test('the configuration file is named by a flag in either spelling, else by its variable', () => {
  const env = { NXMESH_CONFIG: 'variable.json' };
  assert.is(configFileOf(['serve', '--config', 'a=b.json'], env), 'a=b.json');
  assert.is(configFileOf(['serve', '--config=a=b.json'], env), 'a=b.json');
  assert.is(configFileOf(['serve'], env), 'variable.json');
});

test('every fault is named', () => {
  const message = faults({
    metricsAccess: 'all',
    authRateLimit: 'many',
    rateLimitNetwork: '-1',
    trustedProxies: '10.0.0.0/99',
  });
  for (const setting of ['trusted-proxies', 'metrics-access', 'auth-rate-limit', 'rate-limit-network']) {
    assert.match(message, `${setting}: `);
  }
});

test.run();
