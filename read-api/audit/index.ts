// SPDX-License-Identifier: Apache-2.0
import { type HandlerResult, type Route, route } from '../../http/index.js';
import { closed, nullable, type Static, Type, Uuid } from '../../schemas/index.js';
import { readQuery } from '../query.js';
import type { ReadRequest, Scope } from '../scope.js';
import { type ExportDeps, exportLines } from './export.js';
import { AuditRecord, openRecords, presentRecord } from './present.js';
import { auditFilters, auditQuery, cursorQuery, nextCursor } from './query.js';

export type { AuditSigner, ExportDeps } from './export.js';

export type AuditDeps = Omit<ExportDeps, 'reader'>;

const AuditPage = closed({
  data: Type.Array(AuditRecord),
  meta: closed({ limit: Type.Integer(), next_cursor: nullable(Type.String()) }),
});

const organization = { organization_id: Uuid };
const installationQuery = closed({ ...auditFilters, ...cursorQuery, ...readQuery.properties });
const listQuery = closed({ ...organization, ...installationQuery.properties });
const installationExport = closed({ from_number: Type.Optional(Type.Integer({ minimum: 1 })) });
const exportQuery = closed({ ...organization, ...installationExport.properties });

const NDJSON = 'application/x-ndjson';

/** Who did what: lists by filters, and exports that can be checked without us. */
export function auditQueries(scope: Scope, deps: AuditDeps): Route[] {
  type Filters = Static<typeof installationQuery>;

  const list =
    (query: Filters) =>
    async (reader: ExportDeps['reader'], chain: string): Promise<HandlerResult> => {
      const found = await reader.find('records', await auditQuery(reader, chain, query));
      const opened = await openRecords({ ...deps, reader }, found.items);
      const { limit = 50 } = query;
      return {
        body: { data: opened.map(presentRecord), meta: { limit, next_cursor: nextCursor(found, limit) } },
      };
    };

  const exported =
    (request: ReadRequest & { signal: AbortSignal }, from = 1) =>
    async (reader: ExportDeps['reader'], chain: string): Promise<HandlerResult> => ({
      content: { type: NDJSON, data: exportLines({ ...deps, reader }, chain, from, request.signal) },
      headers: { 'Content-Disposition': `attachment; filename="audit-${chain}.ndjson"` },
    });

  return [
    route({
      method: 'GET',
      path: '/v1/audit',
      operationId: 'listAudit',
      summary: 'Who did what in an organization, newest first',
      tag: 'Audit',
      permission: 'audit.read',
      query: listQuery,
      success: { status: 200, schema: AuditPage },
      handler: ({ query: { organization_id, ...filters }, ...request }) =>
        scope.audit({ ...request, query: filters }, organization_id, list(filters)),
    }),
    route({
      method: 'GET',
      path: '/v1/audit/export',
      operationId: 'exportAudit',
      summary: "An organization's audit as lines of JSON, to be checked with `nxmesh audit verify`",
      tag: 'Audit',
      permission: 'audit.read',
      query: exportQuery,
      success: { status: 200, contentType: NDJSON },
      handler: (request) =>
        scope.audit(request, request.query.organization_id, exported(request, request.query.from_number)),
    }),
    route({
      method: 'GET',
      path: '/v1/audit/installation',
      operationId: 'listInstallationAudit',
      summary: 'Who did what that belongs to no organization (users, sessions, keys), newest first',
      tag: 'Audit',
      permission: 'audit.read_installation',
      query: installationQuery,
      success: { status: 200, schema: AuditPage },
      handler: (request) => scope.installationAudit(request, list(request.query)),
    }),
    route({
      method: 'GET',
      path: '/v1/audit/installation/export',
      operationId: 'exportInstallationAudit',
      summary: 'The audit of what belongs to no organization, as lines of JSON',
      tag: 'Audit',
      permission: 'audit.read_installation',
      query: installationExport,
      success: { status: 200, contentType: NDJSON },
      handler: (request) => scope.installationAudit(request, exported(request, request.query.from_number)),
    }),
    route({
      method: 'GET',
      path: '/v1/audit/key',
      operationId: 'getAuditKey',
      summary: 'The public key that checkpoints of the audit are signed with (Ed25519)',
      tag: 'Audit',
      permission: 'audit.read_key',
      success: { status: 200, schema: closed({ key_id: Type.String(), public_key: Type.String() }) },
      handler: () => ({ body: { key_id: deps.signer.keyId, public_key: deps.signer.publicKey } }),
    }),
  ];
}
