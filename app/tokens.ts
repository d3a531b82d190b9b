// SPDX-License-Identifier: Apache-2.0
/** Who issues access tokens and for whom. */
export const TOKENS = { issuer: 'nxmesh', audience: 'nxmesh' } as const;
