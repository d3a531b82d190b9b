// SPDX-License-Identifier: Apache-2.0
/** Certificates: requests that stay pending, and uploads of pairs that are made once a run. */
import { type TestPair, testPair } from '../../commands/certificate/pairs.harness.js';
import { has, type Workspace } from './model.js';
import type { Plan } from './plans.js';
import type { Step } from './steps.js';

const NAME = '*.example.com';

export const makePairs = (): Promise<readonly TestPair[]> =>
  Promise.all(Array.from({ length: 3 }, () => testPair(NAME, { names: [NAME] })));

export function createCertificate(
  pairs: readonly TestPair[],
  workspace: Workspace,
  { n, which }: Step,
): Plan | undefined {
  const pair = pairs[n % (pairs.length + 1)];
  const domain = pair ? NAME : `d-${n}.example.com`;
  const standing = has(workspace, 'certificate').map(({ doc }) => doc);
  const body = pair
    ? { domain, certificate_pem: pair.certificate, private_key_pem: pair.key }
    : { domain, provider: 'letsencrypt', auto_renew: which % 2 === 0 };
  const taken = standing.some((one) =>
    pair ? one['fingerprint'] === pair.fingerprint : one['domain'] === domain,
  );
  return {
    method: 'POST',
    path: `/v1/workspaces/${workspace.id}/certificates`,
    body,
    place: { organizationId: workspace.organizationId, workspaceId: workspace.id },
    least: 'editor',
    scope: 'write:certificates',
    status: 201,
    refusal: taken ? { status: 409, codes: ['DUPLICATE'] } : undefined,
    effects: [
      {
        kind: 'certificate',
        partial: true,
        doc: {
          workspace_id: workspace.id,
          domain,
          provider: pair ? 'custom' : 'letsencrypt',
          status: pair ? 'active' : 'pending',
          fingerprint: pair?.fingerprint ?? null,
        },
      },
    ],
  };
}
