// SPDX-License-Identifier: Apache-2.0
export { type Directory, directory, type Person } from './directory.js';
export { SORTS as USER_SORTS } from './query.js';
