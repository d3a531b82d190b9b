// SPDX-License-Identifier: Apache-2.0
import type { WorkspaceState } from '../../domain/index.js';
import { type Multipart, type Route, route } from '../../http/index.js';
import { createdId, NxError, streams, timestamp, uuidv5 } from '../../kernel/index.js';
import { CertificateAnswer, CreateCertificate, issuanceInAnswer } from '../../schemas/index.js';
import type { Vault } from '../../vault/index.js';
import type { CommandContext } from '../context.js';
import { answer, type CommandDeps, contextOf, placeOf } from '../request.js';
import { checkUpload } from './check.js';
import { requestOf, uploadOf } from './input.js';
import { destroyMaterial, forgetUnsaid, keepMaterial, noteUnsaid, readMaterial } from './material.js';

export { destroyMaterial, destroyUnsaid, readMaterial } from './material.js';

export interface CertificateCommandDeps extends CommandDeps {
  readonly vault: Vault;
}

/** The same upload as a form: files as people have them, the chain apart where it came apart. */
const FORM: Multipart = {
  domain: { field: 'domain', maxBytes: 253 },
  provider: { field: 'provider', maxBytes: 32 },
  auto_renew: { field: 'auto_renew', maxBytes: 5, boolean: true },
  certificate: { field: 'certificate_pem', maxBytes: 65_536, file: true },
  chain: { field: 'certificate_pem', maxBytes: 65_536, file: true },
  private_key: { field: 'private_key_pem', maxBytes: 65_536, file: true },
};

/** Write routes of certificates. */
export function certificateCommands(deps: CertificateCommandDeps): Route[] {
  const { handlers, clock, vault } = deps;

  const has = (workspaceId: string, id: string): Promise<boolean> =>
    handlers.workspace.consult(streams.workspace(workspaceId), (state) => state.certificates.has(id));

  const present =
    (id: string) =>
    (state: WorkspaceState): CertificateAnswer | undefined => {
      const certificate = state.certificates.get(id);
      return certificate && { ...certificate, ...issuanceInAnswer(state.issuances.get(id)) };
    };

  async function ask(workspaceId: string, body: CreateCertificate, context: CommandContext) {
    const id = createdId(context.commandId, 'certificate');
    const at = timestamp(clock.now());
    const outcome = await handlers.workspace.run(
      streams.workspace(workspaceId),
      id,
      { type: 'request-certificate', id, ...requestOf(body), at },
      context,
      present(id),
    );
    return answer(deps, outcome);
  }

  async function upload(workspaceId: string, body: CreateCertificate, context: CommandContext) {
    // By the content too: the same Idempotency-Key with another key must not write over the first one's record.
    const id = uuidv5(context.commandId, context.digest, 'certificate');
    const now = clock.now();
    const { upload: checked, ...material } = checkUpload(uploadOf(body), now);
    await noteUnsaid(vault, workspaceId, id, now);
    await keepMaterial(vault, workspaceId, id, material);
    // A record without its event is a key that nobody knows of.
    const drop = async (): Promise<void> => {
      if (!(await has(workspaceId, id))) {
        await destroyMaterial(vault, id);
      }
      await forgetUnsaid(vault, id);
    };
    // The event is there, so whoever looks for what has none finds this one, also where the note stays.
    const settle = async (): Promise<void> => {
      // What was left of an earlier try may have been destroyed since we kept it.
      if (!(await readMaterial(vault, workspaceId, id))) {
        await keepMaterial(vault, workspaceId, id, material);
      }
      await forgetUnsaid(vault, id);
    };
    try {
      const { domain, auto_renew = false } = body;
      const outcome = await handlers.workspace.run(
        streams.workspace(workspaceId),
        id,
        { type: 'upload-certificate', id, upload: { ...checked, domain, auto_renew }, at: timestamp(now) },
        context,
        present(id),
      );
      if (outcome.repeated) {
        // Answered again, perhaps after it was deleted.
        await drop();
      } else {
        await settle().catch(() => undefined);
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
  }

  return [
    route({
      method: 'POST',
      path: '/v1/workspaces/{workspace_id}/certificates',
      operationId: 'createCertificate',
      summary:
        'Upload a certificate with its key, which no answer ever has, or request one to be issued later',
      tag: 'Certificates',
      permission: 'certificate.create',
      body: CreateCertificate,
      multipart: FORM,
      success: { status: 201, schema: CertificateAnswer },
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
        return body.provider === 'letsencrypt'
          ? ask(workspaceId, body, context)
          : upload(workspaceId, body, context);
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
