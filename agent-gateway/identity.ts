// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';

/** Who an agent is, as its certificate says. All three are UUIDs. */
export interface Identity {
  readonly organizationId: string;
  readonly workspaceId: string;
  readonly agentId: string;
}

/** An identity with what bounds its use. */
export interface Credential extends Identity {
  /** Milliseconds since 1970 from which on the certificate is worth nothing. */
  readonly expiresAt: number;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const SAN = new RegExp(`^URI:nxmesh://(${UUID})/(${UUID})/agent/(${UUID})$`);
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export const identityUri = ({ organizationId, workspaceId, agentId }: Identity): string =>
  `nxmesh://${organizationId}/${workspaceId}/agent/${agentId}`;

/**
 * The identity in a client certificate (DER), or undefined. TLS lets connections without a valid certificate through,
 * so that new agents can register; therefore everything is checked here: issued by this very authority, in its time,
 * for clients, with exactly one name.
 */
export function identify(der: Uint8Array, authority: X509Certificate, now: number): Credential | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    return undefined;
  }
  const expiresAt = Date.parse(certificate.validTo);
  const issued =
    !certificate.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  const inTime = now >= Date.parse(certificate.validFrom) && now < expiresAt;
  if (!issued || !inTime || !certificate.keyUsage?.includes(CLIENT_AUTH)) {
    return undefined;
  }
  const [, organizationId, workspaceId, agentId] = SAN.exec(certificate.subjectAltName ?? '') ?? [];
  return organizationId && workspaceId && agentId
    ? { organizationId, workspaceId, agentId, expiresAt }
    : undefined;
}
