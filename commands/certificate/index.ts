// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../../http/index.js';
import {
  detail,
  type ErrorDetail,
  invalid,
  NxError,
  Secret,
  streams,
  timestamp,
  uuidv5,
} from '../../kernel/index.js';
import { Certificate, CreateCertificate } from '../../schemas/index.js';
import type { Vault } from '../../vault/index.js';
import { answer, type CommandDeps, contextOf, placeOf } from '../request.js';
import { checkUpload } from './check.js';
import { destroyMaterial, keepMaterial } from './material.js';

export { destroyMaterial, readMaterial } from './material.js';

export interface CertificateCommandDeps extends CommandDeps {
  readonly vault: Vault;
}

/** Write routes of certificates. */
export function certificateCommands(deps: CertificateCommandDeps): Route[] {
  const { handlers, clock, vault } = deps;

  const has = (workspaceId: string, id: string): Promise<boolean> =>
    handlers.workspace.peek(streams.workspace(workspaceId), (state) => state.certificates.has(id));

  return [
    route({
      method: 'POST',
      path: '/v1/workspaces/{workspace_id}/certificates',
      operationId: 'createCertificate',
      summary: 'Upload a certificate with its chain and private key; no answer ever has the key',
      tag: 'Certificates',
      permission: 'certificate.create',
      body: CreateCertificate,
      success: { status: 201, schema: Certificate },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const { workspaceId, organizationId } = await placeOf(
          deps,
          request,
          'workspace',
          request.params.workspace_id,
        );
        const { body } = request;
        const context = contextOf(request, deps, { workspaceId, organizationId });
        // By the content too: the same Idempotency-Key with another key must not write over the first one's record.
        const id = uuidv5(context.commandId, context.digest, 'certificate');
        const now = clock.now();
        const { upload, ...material } = checkUpload(uploadOf(body), now);
        await keepMaterial(vault, workspaceId, id, material);
        // A record without its event is a key that nobody knows of.
        const drop = async (): Promise<void> => {
          if (!(await has(workspaceId, id))) {
            await destroyMaterial(vault, id);
          }
        };
        try {
          const { domain, auto_renew = false } = body;
          const outcome = await handlers.workspace.run(
            streams.workspace(workspaceId),
            id,
            { type: 'upload-certificate', id, upload: { ...upload, domain, auto_renew }, at: timestamp(now) },
            context,
            (state) => state.certificates.get(id),
          );
          if (outcome.position === undefined) {
            // Answered again, perhaps after it was deleted.
            await drop();
          }
          return await answer(deps, outcome);
        } catch (error) {
          // When the log does not answer, the event may stand in it all the same.
          if (error instanceof NxError && error.code !== 'SERVICE_UNAVAILABLE') {
            // Whoever asked is told why it was refused, whatever becomes of the record.
            await drop().catch(() => undefined);
          }
          throw error;
        }
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/certificates/{certificate_id}',
      operationId: 'deleteCertificate',
      summary: 'Delete a certificate that nothing uses, and destroy its key',
      tag: 'Certificates',
      permission: 'certificate.delete',
      success: { status: 204 },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const id = request.params.certificate_id;
        const place = await placeOf(deps, request, 'certificate', id);
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          { type: 'delete-certificate', id, at: timestamp(clock.now()) },
          contextOf(request, deps, place),
          () => undefined,
        );
        await destroyMaterial(vault, id);
        return answer(deps, outcome);
      },
    }),
  ];
}

/** What is checked of a body, or VALIDATION_ERROR for what an upload cannot be without or cannot ask for. */
function uploadOf({
  domain,
  certificate_pem: certificatePem,
  private_key_pem: privateKeyPem,
  provider,
  auto_renew,
}: CreateCertificate) {
  if (provider === 'letsencrypt') {
    throw invalid([
      detail('provider', 'NOT_SUPPORTED', 'Certificates cannot be issued yet: upload one as provider custom'),
    ]);
  }
  const problems: ErrorDetail[] = [];
  if (auto_renew === true) {
    problems.push(
      detail('auto_renew', 'NOT_SUPPORTED', 'What was uploaded is renewed by whoever uploads the next one'),
    );
  }
  if (certificatePem === undefined) {
    problems.push(detail('certificate_pem', 'REQUIRED', 'Required'));
  }
  if (privateKeyPem === undefined) {
    problems.push(detail('private_key_pem', 'REQUIRED', 'Required'));
  }
  if (problems.length > 0 || certificatePem === undefined || privateKeyPem === undefined) {
    throw invalid(problems);
  }
  return { domain, certificatePem, privateKeyPem: new Secret(privateKeyPem) };
}
