// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route, windowOf } from '../http/index.js';
import type { Clock } from '../kernel/index.js';
import type { CertificateDoc } from '../projections/index.js';
import { CertificateAnswer, CertificateDomain, closed, issuanceInAnswer, Type } from '../schemas/index.js';
import { pick, revisionOf } from './present.js';
import { listQueryParameters, readQuery } from './query.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

const certificatesQuery = closed({ ...listQueryParameters, domain: Type.Optional(CertificateDomain) });

/** No event says that a certificate has expired: the clock does. */
const presentCertificate =
  (clock: Clock) =>
  (doc: Scoped<CertificateDoc>): CertificateAnswer => {
    const certificate = pick(doc, [
      'id',
      'workspace_id',
      'domain',
      'names',
      'is_wildcard',
      'provider',
      'status',
      'fingerprint',
      'issued_at',
      'expires_at',
      'auto_renew',
      'created_at',
      'updated_at',
    ]);
    const answer = { ...certificate, ...issuanceInAnswer(doc.issuance) };
    const { status, expires_at } = certificate;
    const expired = status === 'active' && expires_at !== null && Date.parse(expires_at) <= clock.now();
    return expired ? { ...answer, status: 'expired' } : answer;
  };

export const certificateQueries = (scope: Scope, clock: Clock): Route[] => [
  route({
    method: 'GET',
    path: '/v1/workspaces/{workspace_id}/certificates',
    operationId: 'listCertificates',
    summary: 'List the certificates of a workspace, by domain',
    tag: 'Certificates',
    permission: 'certificate.list',
    query: certificatesQuery,
    success: { status: 200, schema: pageOf(CertificateAnswer) },
    handler: async (request) => {
      const { offset, perPage: limit } = windowOf(request.query);
      const { domain } = request.query;
      const where = domain === undefined ? {} : { domain };
      const query = { where, orderBy: 'domain', offset, limit };
      const found = await scope.list(request, 'certificates', request.params.workspace_id, query);
      return listAnswer(request, found, presentCertificate(clock));
    },
  }),
  route({
    method: 'GET',
    path: '/v1/certificates/{certificate_id}',
    operationId: 'getCertificate',
    summary: 'Get a certificate, without its key',
    tag: 'Certificates',
    permission: 'certificate.read',
    query: readQuery,
    success: { status: 200, schema: CertificateAnswer },
    handler: async (request) => {
      const doc = await scope.one(request, 'certificates', request.params.certificate_id);
      return { body: presentCertificate(clock)(doc), revision: revisionOf(doc), volatile: true };
    },
  }),
];
