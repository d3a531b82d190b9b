// SPDX-License-Identifier: Apache-2.0
import { type handleUnaryCall, status } from '@grpc/grpc-js';
import { Ack, HealthReport, MetricsBatch } from '../proto/index.js';
import type { AlertWatch } from './alerts.js';
import type { Desired } from './desired.js';
import type { Credential } from './identity.js';
import type { Telemetry } from './telemetry.js';
import { decode } from './wire.js';

interface UnaryDeps {
  readonly desired: Desired;
  readonly telemetry: Telemetry;
  readonly alerts: AlertWatch;
  identify(call: Parameters<handleUnaryCall<Buffer, Buffer>>[0]): Credential | undefined;
}

const ack = (errorMessage: string): Buffer =>
  Buffer.from(Ack.encode({ messageId: '', success: errorMessage === '', errorMessage }).finish());

/** The methods beside the stream: the caller is known before its message is decoded. */
export function unaryHandlers(deps: UnaryDeps): {
  reportHealth: handleUnaryCall<Buffer, Buffer>;
  reportMetrics: handleUnaryCall<Buffer, Buffer>;
} {
  const handler =
    <T>(codec: { decode(bytes: Uint8Array): T }, take: (agent: Credential, value: T) => Promise<boolean>) =>
    (...[call, answer]: Parameters<handleUnaryCall<Buffer, Buffer>>): void => {
      const agent = deps.identify(call);
      if (!agent) {
        answer({ code: status.UNAUTHENTICATED, details: 'A client certificate is needed' });
        return;
      }
      if (deps.desired.isRemoved(agent)) {
        answer({ code: status.PERMISSION_DENIED, details: 'The agent was removed' });
        return;
      }
      const value = decode(codec, call.request);
      if (value === undefined) {
        answer({ code: status.INVALID_ARGUMENT, details: 'The message cannot be decoded' });
        return;
      }
      take(agent, value).then(
        (kept) => answer(null, ack(kept ? '' : 'It could not be kept now; send it again')),
        () => answer({ code: status.INTERNAL, details: 'Internal error' }),
      );
    };
  return {
    reportHealth: handler(HealthReport, async (agent, report) => {
      deps.telemetry.health(agent, report);
      // The answer does not wait for the log.
      void deps.alerts(agent, report);
      return true;
    }),
    reportMetrics: handler(MetricsBatch, (agent, batch) => deps.telemetry.metrics(agent, batch)),
  };
}
