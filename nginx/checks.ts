// SPDX-License-Identifier: Apache-2.0
import { checkAddress } from './address.js';

export { checkCustomDirective, checkCustomDirectives } from './custom.js';
export { checkHeader } from './header.js';
export { checkHost, checkUpstream } from './host-checks.js';
export { checkServerName } from './names.js';
export { checkRewrite } from './rewrite.js';
export { checkSelector } from './selector.js';
export { checkLocationPath, checkProxyPass } from './url.js';
/** Why a server of an upstream cannot have this address, if so. */
export const checkServerAddress = checkAddress;
