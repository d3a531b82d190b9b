// SPDX-License-Identifier: Apache-2.0
import type { AgentCommand } from '../domain/index.js';
import type { EventLog } from '../event-log/index.js';
import type { Clock, Random, Secret, Timers } from '../kernel/index.js';
import type { ReadStore } from '../read-store/index.js';
import { defaultRetention, type RetentionSettings, type TelemetryStore } from '../telemetry/index.js';
import type { Vault } from '../vault/index.js';

/** What pino's logger gives; text from agents has been made safe before it gets here. */
export interface GatewayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** An agent that shows its registration token. */
export interface RegisterAgent {
  readonly agentId: string;
  /** SHA-256 of the token's 32-byte secret, in hexadecimal. */
  readonly tokenSha256: string;
  /** SHA-256 of the SubjectPublicKeyInfo (DER), in hexadecimal. */
  readonly publicKeySha256: string;
}

export interface CertificateMaterial {
  readonly certificatePem: string;
  readonly privateKeyPem: Secret;
}

export interface GatewayDeps {
  readonly log: EventLog;
  readonly readStore: ReadStore;
  /** Metrics and access logs. */
  readonly telemetryStore: TelemetryStore;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: GatewayLog;
  /**
   * Takes the agent into its workspace. Shown again with the same key, the answer is the same.
   * Throws NxError UNAUTHORIZED for every mismatch: unknown agent, wrong or expired token, another key.
   */
  register(request: RegisterAgent): Promise<{ workspaceId: string; organizationId: string }>;
  /**
   * Records a fact of an agent. Called one after the other for each agent, and again after
   * NxError SERVICE_UNAVAILABLE: what is recorded already must not be recorded twice.
   */
  record(workspaceId: string, organizationId: string, agentId: string, command: AgentCommand): Promise<void>;
  /** Undefined when there is none (any more). */
  certificateMaterial(workspaceId: string, certificateId: string): Promise<CertificateMaterial | undefined>;
}

export interface GatewaySettings {
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  /** DNS names and addresses by which agents reach the gateway, besides the loopback's. */
  readonly names: readonly string[];
  readonly certificateLifeMs: number;
  readonly heartbeatMs: number;
  /** What an agent is late by, after two heartbeats, before it counts as gone. */
  readonly heartbeatGraceMs: number;
  readonly firstMessageMs: number;
  /** An agent that takes nothing for this long is cut off. */
  readonly stallMs: number;
  /** How long an ended stream may take to be gone before its connection is cut. */
  readonly lingerMs: number;
  /** An update of which an agent says nothing for this long, after it has left, is sent again. */
  readonly takenMs: number;
  /** An agent that gives no final answer to an update for this long is cut off. */
  readonly answerMs: number;
  /** An agent that has not proven what is desired for this long is behind. */
  readonly overdueMs: number;
  /** An agent that does not answer a command for this long has not done it. */
  readonly commandMs: number;
  /** An agent whose alerts come and go faster is heard only so often: the next report tells what one did not. */
  readonly alertEveryMs: number;
  readonly admissionsPerSecond: number;
  /** Failed registrations of one network within `attemptWindowMs`. */
  readonly attemptLimit: number;
  readonly attemptWindowMs: number;
  /** Sessions that one agent may open within ten seconds. */
  readonly sessionLimit: number;
  /** Access-log records a second, of one agent and of all: more are counted and left out. */
  readonly agentLinesPerSecond: number;
  readonly linesPerSecond: number;
  /** How long telemetry is kept, and how often what is too old is removed. */
  readonly retention: RetentionSettings;
  readonly sweepMs: number;
  readonly maxMessageBytes: number;
  readonly maxConnections: number;
}

export const defaultSettings: GatewaySettings = {
  host: '127.0.0.1',
  port: 8443,
  names: [],
  certificateLifeMs: 7 * 86_400_000,
  heartbeatMs: 10_000,
  heartbeatGraceMs: 5_000,
  firstMessageMs: 10_000,
  stallMs: 30_000,
  lingerMs: 5_000,
  takenMs: 10_000,
  answerMs: 300_000,
  overdueMs: 30_000,
  commandMs: 30_000,
  alertEveryMs: 5_000,
  admissionsPerSecond: 200,
  attemptLimit: 20,
  attemptWindowMs: 600_000,
  sessionLimit: 20,
  agentLinesPerSecond: 2_000,
  linesPerSecond: 10_000,
  retention: defaultRetention,
  sweepMs: 300_000,
  maxMessageBytes: 1_048_576,
  maxConnections: 16_384,
};
