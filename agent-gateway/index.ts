// SPDX-License-Identifier: Apache-2.0
export { type Authority, openAuthority } from './ca.js';
export {
  type CertificateMaterial,
  defaultSettings,
  type GatewayDeps,
  type GatewayLog,
  type GatewaySettings,
  type RegisterAgent,
} from './deps.js';
export { type AgentGateway, agentGateway } from './gateway.js';
export { HEALTH as AGENT_HEALTH, METRICS as AGENT_METRICS } from './telemetry.js';
export { makeToken, parseToken, type RegistrationToken } from './token.js';
