// SPDX-License-Identifier: Apache-2.0
import { ConfigApplyStatus, ConfigStatus, DeploymentMode, RegistrationRequest } from '../../proto/index.js';
import type { Report } from '../apply/update.js';
import type { Core } from '../core.js';
import { askProof } from '../nginx-control/proof.js';
import type { FullSettings } from '../settings.js';
import { isSha256 } from '../state/manifest.js';
import { hostAddress, hostName } from './host.js';

const MODES = {
  docker_sidecar: DeploymentMode.DOCKER_SIDECAR,
  kubernetes_sidecar: DeploymentMode.KUBERNETES_SIDECAR,
  standalone: DeploymentMode.STANDALONE,
} as const;

/** As many hashes fit a message; what is not named is sent again. */
const MOST_HELD = 10_000;

/** What the agent says of itself first; `csrPem` when it needs a new certificate. */
export async function registration(
  core: Core,
  settings: FullSettings,
  csrPem: string,
): Promise<RegistrationRequest> {
  const running = await runningBundle(core);
  return RegistrationRequest.fromPartial({
    hostname: hostName(),
    ipAddress: hostAddress(),
    version: settings.version,
    capabilities: ['bundles', 'deltas', 'proof', 'commands'],
    labels: { ...settings.labels },
    deploymentMode: MODES[settings.deploymentMode],
    csrPem,
    nginxVersion: core.capabilities.nginxVersion,
    nginxModules: [...core.capabilities.modules],
    runningDigest: running.digest,
    runningVersion: running.version,
    bundlePrefix: core.capabilities.bundlePrefix,
    webRoots: { ...settings.webRoots },
    heldFiles: core.store.held().slice(0, MOST_HELD),
  });
}

/** What nginx proves, if it is what the agent took for good and all its files are here; so it can be the base of a change. */
async function runningBundle(core: Core): Promise<{ digest: string; version: bigint }> {
  const proven = (await askProof(core.ask))?.digest ?? '';
  const whole =
    isSha256(proven) && proven === core.store.lastGood() && core.store.manifest(proven) !== undefined;
  const good = core.journal.read()?.good;
  return {
    digest: whole ? proven : '',
    version: whole && good?.digest === proven ? BigInt(good.version) : 0n,
  };
}

export function configStatus(report: Report): ConfigStatus {
  const { digest, version, status } = report;
  const common = { configId: digest, digest, version, status: ConfigApplyStatus[status] };
  if (!('outcome' in report)) {
    return ConfigStatus.fromPartial({ ...common, stage: report.stage });
  }
  const { outcome } = report;
  return ConfigStatus.fromPartial({
    ...common,
    errorMessage: outcome.message,
    appliedAt: outcome.status === 'SUCCESS' ? BigInt(outcome.at) : 0n,
    stage: outcome.stage,
    reason: outcome.reason,
    nginxOutput: outcome.nginxOutput,
    file: outcome.file,
    line: outcome.line,
    stageMs: { ...outcome.stageMs },
  });
}
