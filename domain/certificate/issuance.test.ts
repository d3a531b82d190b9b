// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ISSUANCE_STEPS, type IssuanceStep, type WorkspaceFact } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { type WorkspaceCommand, workspace } from '../workspace/index.js';
import { AT, certificateFact, created, id } from '../workspace/workspace.fixture.js';

const given = spec(workspace);
const FINGERPRINT = 'cd'.repeat(32);
const command = (type: string, more: object = {}): WorkspaceCommand =>
  ({ type, id: id(1), at: AT, ...more }) as WorkspaceCommand;
const issued = {
  names: ['api.example.com'],
  fingerprint: FINGERPRINT,
  issued_at: AT,
  expires_at: '2026-04-15T10:30:00.000Z',
};
const STEPS: Readonly<Record<IssuanceStep, WorkspaceCommand>> = {
  requested: command('request-certificate', { domain: 'api.example.com', autoRenew: true }),
  order_created: command('record-certificate-order', { orderUrl: 'https://acme.test/order/1' }),
  challenge_ready: command('record-certificate-challenge', { challenge: 'http-01' }),
  issued: command('record-certificate-issued', { issued }),
  failed: command('record-certificate-failed', { reason: 'The name does not resolve' }),
  renewal_due: command('record-certificate-renewal-due'),
};
function after(...steps: readonly IssuanceStep[]): WorkspaceFact[] {
  const past: WorkspaceFact[] = [created];
  for (const step of steps) {
    past.push(
      ...given(...past)
        .when(STEPS[step])
        .facts(),
    );
  }
  return past;
}
const certificateAfter = (...steps: readonly IssuanceStep[]) => {
  const last = after(...steps).at(-1);
  return last && 'certificate' in last.data ? last.data.certificate : undefined;
};

test('from the request to the certificate, and on to the next one', () => {
  const way = ['requested', 'order_created', 'challenge_ready', 'issued'] as const;
  const renewed = ['renewal_due', 'order_created', 'challenge_ready', 'issued'] as const;
  assert.equal(
    after(...way, ...renewed).map(({ type }) => type),
    ['workspace.created', ...[...way, ...renewed].map((step) => `certificate.${step}`)],
  );
  assert.equal(
    [certificateAfter(...way)?.status, certificateAfter(...way)?.fingerprint],
    ['active', FINGERPRINT],
  );
});

test('what has not been issued is pending or failed; what has been is active whatever becomes of the next', () => {
  const status = (...steps: readonly IssuanceStep[]) => certificateAfter(...steps)?.status;
  assert.is(status('requested'), 'pending');
  assert.is(status('requested', 'order_created'), 'pending');
  assert.is(status('requested', 'failed'), 'failed');
  assert.is(status('requested', 'failed', 'order_created'), 'pending');
  const served = ['requested', 'order_created', 'issued', 'renewal_due'] as const;
  assert.is(status(...served), 'active');
  assert.is(status(...served, 'failed'), 'active');
  assert.is(certificateAfter(...served, 'failed')?.fingerprint, FINGERPRINT);
});

const ALLOWED: Readonly<Record<string, readonly IssuanceStep[]>> = {
  requested: ['order_created', 'failed'],
  'requested order_created': ['challenge_ready', 'issued', 'failed'],
  'requested order_created challenge_ready': ['issued', 'failed'],
  'requested order_created issued': ['renewal_due'],
  'requested failed': ['order_created'],
  'requested order_created issued renewal_due': ['order_created', 'failed'],
};
for (const [way, allowed] of Object.entries(ALLOWED)) {
  test(`after ${way} only ${allowed.join(', ')}`, () => {
    const past = after(...(way.split(' ') as IssuanceStep[]));
    for (const step of ISSUANCE_STEPS.filter((one) => one !== 'requested')) {
      const when = given(...past).when(STEPS[step]);
      if (allowed.includes(step)) {
        assert.is(when.facts()[0]?.type, `certificate.${step}`);
      } else {
        when.thenRefused('CONFLICT');
      }
    }
  });
}

test('steps of what was uploaded, or is not there, are not found', () => {
  given(created).when(STEPS.issued).thenRefused('NOT_FOUND');
  const gone = { type: 'certificate.deleted', data: { certificate_id: id(1), domain: 'a', at: AT } } as const;
  given(...after('requested'), gone)
    .when(STEPS.order_created)
    .thenRefused('NOT_FOUND');
});

test('a host gets it once it is issued', () => {
  const host = command('create-virtual-host', {
    id: id(2),
    body: { name: 'A', server_name: 'api.example.com', ssl_enabled: true, ssl_certificate_id: id(1) },
  });
  for (const way of [['requested'], ['requested', 'failed']] as const) {
    const { details } = given(...after(...way))
      .when(host)
      .thenRefused('VALIDATION_ERROR', 'ssl_certificate_id');
    assert.equal(
      details.map(({ code }) => code),
      ['NOT_ISSUED'],
    );
  }
  const past = after('requested', 'order_created', 'issued');
  assert.is(
    given(...past)
      .when(host)
      .facts().length,
    1,
  );
});

const LONG = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.`;
const DOMAINS: readonly (readonly [domain: string, taken: boolean])[] = [
  ['example.com', true],
  ['*.example.com', true],
  ['example', false],
  ['*.com.', false],
  ['10.0.0.1', false],
  ['a_b.example.com', false],
  [`${'a'.repeat(63)}.com`, true],
  [`${'a'.repeat(64)}.com`, false],
  [LONG + 'd'.repeat(61), true],
  [LONG + 'd'.repeat(62), false],
];
for (const [domain, taken] of DOMAINS) {
  test(`a certificate is ${taken ? '' : 'not '}asked for ${domain}`, () => {
    const when = given(created).when(command('request-certificate', { domain, autoRenew: true }));
    if (taken) {
      assert.is(when.facts().length, 1);
    } else {
      when.thenRefused('VALIDATION_ERROR', 'domain');
    }
  });
}

test('one request a name, whatever was uploaded for it', () => {
  const again = command('request-certificate', { id: id(3), domain: 'api.example.com', autoRenew: true });
  given(...after('requested'))
    .when(again)
    .thenRefused('CONFLICT', 'domain');
  assert.is(
    given(created, certificateFact(2, ['api.example.com']))
      .when(again)
      .facts().length,
    1,
  );
});

test.run();
