// SPDX-License-Identifier: Apache-2.0
import { speaksTls } from '../nginx/index.js';
import type { Certificate } from '../proto/index.js';
import type { GatewayDeps } from './deps.js';
import type { Identity } from './identity.js';
import type { Rendering } from './rendering.js';

/** The material of exactly those certificates that the agent's own hosts use. */
export async function certificatesFor(
  deps: Pick<GatewayDeps, 'certificateMaterial'>,
  { workspaceId }: Identity,
  rendering: Rendering,
): Promise<Record<string, Certificate>> {
  const ids = new Set(
    rendering.hosts().flatMap((host) => (speaksTls(host) ? (host.ssl_certificate_id ?? []) : [])),
  );
  const certificates: Record<string, Certificate> = {};
  for (const id of ids) {
    const material = await deps.certificateMaterial(workspaceId, id);
    if (material) {
      certificates[id] = {
        id,
        domain: '',
        certificatePem: material.certificatePem,
        privateKeyPem: material.privateKeyPem.reveal(),
        expiresAt: 0n,
      };
    }
  }
  return certificates;
}
