// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route } from '../http/index.js';
import type { Clock } from '../kernel/index.js';
import type { CertificateDoc } from '../projections/index.js';
import { CertificateAnswer, CertificateDomain, closed, issuanceInAnswer, Type } from '../schemas/index.js';
import { isInstant, listAtQuery, readAtQuery } from './history/at.js';
import type { PastScope } from './history/scope.js';
import { listOf } from './list.js';
import { pick, revisionOf } from './present.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

const certificatesQuery = closed({
  ...listAtQuery.properties,
  domain: Type.Optional(CertificateDomain),
});

/** By whose clock a certificate has expired; a moment that is not an instant has none, and shows what was recorded. */
const clockAt = (at: string | undefined, clock: Clock): Pick<Clock, 'now'> => {
  // Asked first: `Date.parse` takes `revision:32` for the year 2032.
  const instant = at === undefined ? clock.now() : isInstant(at) ? Date.parse(at) : 0;
  return { now: () => instant };
};

/** No event says that a certificate has expired: the clock does. */
const presentCertificate =
  (clock: Pick<Clock, 'now'>) =>
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

export const certificateQueries = (scope: Scope, past: PastScope, clock: Clock): Route[] => [
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
      const { at, domain } = request.query;
      const found = await listOf({ scope, past }, request, 'certificate', 'domain', domain);
      return listAnswer(request, found, presentCertificate(clockAt(at, clock)));
    },
  }),
  route({
    method: 'GET',
    path: '/v1/certificates/{certificate_id}',
    operationId: 'getCertificate',
    summary: 'Get a certificate, without its key',
    tag: 'Certificates',
    permission: 'certificate.read',
    query: readAtQuery,
    success: { status: 200, schema: CertificateAnswer },
    handler: async (request) => {
      const id = request.params.certificate_id;
      const doc =
        (await past.standing(request, 'certificate', id)) ?? (await scope.one(request, 'certificates', id));
      return {
        body: presentCertificate(clockAt(request.query.at, clock))(doc),
        revision: revisionOf(doc),
        volatile: true,
      };
    },
  }),
];
