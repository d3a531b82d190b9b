// SPDX-License-Identifier: Apache-2.0
export * from './gen/nxmesh/agent/v1/agent.js';
export * from './metrics.js';
