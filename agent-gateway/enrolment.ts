// SPDX-License-Identifier: Apache-2.0
import { status } from '@grpc/grpc-js';
import { errorMessage, NxError, sha256 } from '../kernel/index.js';
import type { RegistrationRequest, RegistrationResponse } from '../proto/index.js';
import type { attemptLimit } from './bucket.js';
import { type Authority, provenKey } from './ca.js';
import type { GatewayDeps, GatewaySettings } from './deps.js';
import type { Link } from './link.js';
import { parseToken } from './token.js';

export const refusal = (errorMessage: string, retryAfterMs = 0): RegistrationResponse => ({
  agentId: '',
  success: false,
  errorMessage,
  heartbeatIntervalSeconds: 0n,
  certificatePem: '',
  caPem: '',
  retryAfterMs: BigInt(Math.ceil(retryAfterMs)),
});

export interface EnrolmentDeps extends Pick<GatewayDeps, 'register' | 'logger'> {
  readonly authority: Authority;
  readonly attempts: ReturnType<typeof attemptLimit>;
}

/**
 * Exchanges a registration token for a client certificate and ends the stream. Whatever is wrong with a token has one
 * answer, so that nobody learns which agents exist.
 */
export async function enrol(
  deps: EnrolmentDeps,
  settings: GatewaySettings,
  link: Link,
  claimedId: string,
  request: RegistrationRequest,
): Promise<void> {
  const refuse = (code: status, message: string, retryAfterMs = 0): void => {
    link.send({ $case: 'registrationResponse', value: refusal(message, retryAfterMs) });
    link.end(code, message);
  };
  const wait = deps.attempts.wait(link.address);
  if (wait > 0) {
    refuse(status.RESOURCE_EXHAUSTED, 'Too many failed registrations', wait);
    return;
  }
  const token = parseToken(request.token);
  const unauthorized = (): void => {
    deps.attempts.count(link.address);
    deps.logger.warn({ address: link.address, agent_id: token?.agentId }, 'a registration was refused');
    refuse(status.UNAUTHENTICATED, 'The registration token is not valid');
  };
  if (
    !token ||
    token.caSha256 !== deps.authority.sha256 ||
    (claimedId !== '' && claimedId !== token.agentId)
  ) {
    unauthorized();
    return;
  }
  const key = await provenKey(request.csrPem);
  if (!key) {
    deps.attempts.count(link.address);
    refuse(status.INVALID_ARGUMENT, 'csr_pem must be a signed PKCS #10 request for a P-256 or Ed25519 key');
    return;
  }
  try {
    const { agentId } = token;
    const place = await deps.register({
      agentId,
      tokenSha256: sha256(token.secret),
      publicKeySha256: key.sha256,
    });
    const certificatePem = await deps.authority.issueAgent(
      key,
      { agentId, ...place },
      settings.certificateLifeMs,
    );
    const { certificatePem: caPem } = deps.authority;
    link.send({
      $case: 'registrationResponse',
      value: { ...refusal(''), agentId, success: true, certificatePem, caPem },
    });
    link.end(status.OK, '');
  } catch (error) {
    if (error instanceof NxError && error.code === 'UNAUTHORIZED') {
      unauthorized();
      return;
    }
    deps.logger.error({ error: errorMessage(error) }, 'a registration failed');
    refuse(status.UNAVAILABLE, 'Registration is not possible at the moment', 5_000);
  }
}
