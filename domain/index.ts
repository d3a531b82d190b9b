// SPDX-License-Identifier: Apache-2.0
export * from './agent/index.js';
export * from './api-key/index.js';
export * from './audit/index.js';
export { type CertificateUpload, covers } from './certificate/index.js';
export * from './config/index.js';
export * from './custom-event/index.js';
export * from './organization/index.js';
export * from './rewind/index.js';
export * from './session/index.js';
export * from './slug/index.js';
export { sameAddress } from './upstream/index.js';
export * from './user/index.js';
export * from './workspace/index.js';
