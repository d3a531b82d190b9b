// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, oneOf, Sha256, Timestamp, Type, Uuid, Words } from '../common.js';
import { Certificate, EnrolledAgent, Upstream, VirtualHost, Workspace } from '../resources/index.js';

const Changed = Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 });

/**
 * Stream `workspace-<id>`: all desired state of a workspace in one order.
 * An event carries the whole resource as it stands after it, and the names of the top-level fields that changed.
 */
export const workspaceEvents = {
  'workspace.created': closed({ workspace: Workspace }),
  'workspace.updated': closed({ workspace: Workspace, changed: Changed }),
  'workspace.deleted': closed({ workspace_id: Uuid, at: Timestamp }),
  'agent.enrolled': closed({ agent: EnrolledAgent, token_sha256: Sha256, token_expires_at: Timestamp }),
  'agent.registered': closed({ agent_id: Uuid, public_key_sha256: Sha256, at: Timestamp }),
  'agent.updated': closed({ agent: EnrolledAgent, changed: Changed }),
  'agent.removed': closed({ agent_id: Uuid, name: nullable(Type.String({ maxLength: 100 })), at: Timestamp }),
  'upstream.created': closed({ upstream: Upstream }),
  'upstream.updated': closed({ upstream: Upstream, changed: Changed }),
  'upstream.deleted': closed({ upstream_id: Uuid, name: Type.String({ maxLength: 100 }), at: Timestamp }),
  'virtual_host.created': closed({ virtual_host: VirtualHost }),
  'virtual_host.updated': closed({ virtual_host: VirtualHost, changed: Changed }),
  'virtual_host.deleted': closed({
    virtual_host_id: Uuid,
    name: Type.String({ maxLength: 100 }),
    at: Timestamp,
  }),
  // Never with a byte of the key: that is in the vault, under the certificate's id.
  'certificate.uploaded': closed({ certificate: Certificate }),
  // Where issuing stands: the certificate as it is after the step.
  'certificate.requested': closed({ certificate: Certificate }),
  'certificate.order_created': closed({
    certificate: Certificate,
    order_url: Type.String({ maxLength: 2048 }),
  }),
  'certificate.challenge_ready': closed({ certificate: Certificate, challenge: oneOf('http-01', 'dns-01') }),
  'certificate.issued': closed({ certificate: Certificate }),
  'certificate.failed': closed({ certificate: Certificate, reason: Words }),
  'certificate.renewal_due': closed({ certificate: Certificate }),
  'certificate.deleted': closed({
    certificate_id: Uuid,
    domain: Type.String({ maxLength: 253 }),
    at: Timestamp,
  }),
};
