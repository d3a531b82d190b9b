// SPDX-License-Identifier: Apache-2.0
export * from './chain.js';
export * from './verify.js';
