// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, notFound } from '../../kernel/index.js';
import type { Certificate, WorkspaceFact } from '../../schemas/index.js';
import { refuseKnown } from '../fresh.js';
import type { WorkspaceState } from '../workspace/state.js';
import { decideIssuance, type IssuanceCommand } from './issuance.js';

export { covers } from './covers.js';

/** What an upload says of itself, once its PEM has been checked. The key is not here and never gets here. */
export type CertificateUpload = Pick<
  Certificate,
  'domain' | 'names' | 'auto_renew' | 'issued_at' | 'expires_at'
> & { readonly fingerprint: string };

/** `at` is RFC 3339. */
export type CertificateCommand =
  | {
      readonly type: 'upload-certificate';
      readonly id: string;
      readonly upload: CertificateUpload;
      readonly at: string;
    }
  | { readonly type: 'delete-certificate'; readonly id: string; readonly at: string }
  | IssuanceCommand;

export function decideCertificate(
  command: CertificateCommand,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  switch (command.type) {
    case 'upload-certificate': {
      refuseKnown(state.certificates, command.id);
      refuseTwin(command.upload, state);
      return [{ type: 'certificate.uploaded', data: { certificate: uploaded(command, state) } }];
    }
    case 'delete-certificate':
      return remove(command.id, command.at, state);
    default:
      return decideIssuance(command, state);
  }
}

function uploaded(
  { id, upload, at }: Extract<CertificateCommand, { type: 'upload-certificate' }>,
  state: WorkspaceState,
): Certificate {
  return {
    id,
    workspace_id: state.workspace?.id ?? '',
    domain: upload.domain,
    names: upload.names,
    is_wildcard: upload.domain.startsWith('*.'),
    provider: 'custom',
    status: 'active',
    fingerprint: upload.fingerprint,
    issued_at: upload.issued_at,
    expires_at: upload.expires_at,
    auto_renew: upload.auto_renew,
    created_at: at,
    updated_at: at,
  };
}

/** Agents keep a certificate under its fingerprint: two of one would overwrite each other's chain. */
function refuseTwin({ fingerprint }: CertificateUpload, state: WorkspaceState): void {
  for (const other of state.certificates.values()) {
    if (other.fingerprint === fingerprint) {
      throw conflict('The certificate is there already', [
        detail('certificate_pem', 'DUPLICATE', `It is certificate ${other.domain} (${other.id})`),
      ]);
    }
  }
}

function remove(id: string, at: string, state: WorkspaceState): readonly WorkspaceFact[] {
  const certificate = state.certificates.get(id);
  if (!certificate) {
    throw notFound('certificate');
  }
  const users = [...state.virtualHosts.values()].filter((host) => host.ssl_certificate_id === id);
  if (users.length > 0) {
    throw conflict(
      'The certificate is in use',
      users.slice(0, 20).map((host) => detail('id', 'IN_USE', `virtual host ${host.name} (${host.id})`)),
    );
  }
  return [{ type: 'certificate.deleted', data: { certificate_id: id, domain: certificate.domain, at } }];
}
