// SPDX-License-Identifier: Apache-2.0
import { type ServiceError, status } from '@grpc/grpc-js';
import type { Clock, Random, Timers } from '../../kernel/index.js';
import { AgentMessage, type RegistrationResponse } from '../../proto/index.js';
import type { Address } from './address.js';
import { fetchAuthority } from './authority.js';
import { openChannel } from './channel.js';
import { type Identity, signingRequest, storeIdentity } from './identity.js';
import type { Token } from './token.js';

export interface RegisterDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** The gateway does not take this token; trying again would not help. */
export class RegistrationRefused extends Error {}

/** The gateway asks to come back later. */
export class RegistrationDelayed extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

const ANSWER_MS = 30_000;
const FINAL: readonly status[] = [status.UNAUTHENTICATED, status.PERMISSION_DENIED, status.INVALID_ARGUMENT];

/**
 * Exchanges the token for a certificate, and stores it. The token is sent only on a connection to the authority that
 * it names. Rejects with RegistrationRefused, RegistrationDelayed, or whatever kept the gateway from answering.
 */
export async function register(
  deps: RegisterDeps,
  address: Address,
  folder: string,
  token: Token,
): Promise<Identity> {
  const csrPem = await signingRequest(folder);
  const authorityPem = await fetchAuthority(deps.timers, address, token.authoritySha256);
  const { stream, close } = openChannel(address, { authorityPem });
  const cancel = deps.timers.after(ANSWER_MS, () => stream.cancel());
  try {
    const answer = await new Promise<RegistrationResponse>((done, fail) => {
      let refused: RegistrationResponse | undefined;
      stream.on('data', ({ payload }) => {
        if (payload?.$case === 'registrationResponse') {
          if (payload.value.success) {
            done(payload.value);
          } else {
            refused = payload.value;
          }
        }
      });
      stream.on('error', (error: ServiceError) => fail(explain(error, refused)));
      stream.on('end', () => fail(new Error('the gateway ended the stream without an answer')));
      stream.write(
        AgentMessage.fromPartial({
          agentId: token.agentId,
          timestamp: BigInt(deps.clock.now()),
          payload: { $case: 'registration', value: { token: token.text.reveal(), csrPem } },
        }),
      );
    });
    return storeIdentity(folder, answer.certificatePem, authorityPem);
  } finally {
    cancel();
    stream.cancel();
    close();
  }
}

function explain(error: ServiceError, refused: RegistrationResponse | undefined): Error {
  const words = refused?.errorMessage || error.details || error.message;
  if (refused !== undefined && refused.retryAfterMs > 0n) {
    return new RegistrationDelayed(words, Number(refused.retryAfterMs));
  }
  return FINAL.includes(error.code) ? new RegistrationRefused(words) : error;
}
