// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../http/index.js';
import { Operation } from '../schemas/index.js';
import { pick, revisionOf } from './present.js';
import { readQuery } from './query.js';
import type { Scope } from './scope.js';

/** Long work: a route that answers 202 names one of these in `Location`. */
export const operationQueries = (scope: Scope): Route[] => [
  route({
    method: 'GET',
    path: '/v1/operations/{operation_id}',
    operationId: 'getOperation',
    summary: 'Get an operation: whether it is still running, and what came of it',
    tag: 'Operations',
    permission: 'operation.read',
    query: readQuery,
    success: { status: 200, schema: Operation },
    handler: async (request) => {
      const doc = await scope.one(request, 'operations', request.params.operation_id);
      const body = pick(doc, [
        'id',
        'workspace_id',
        'kind',
        'resource',
        'state',
        'result',
        'error',
        'created_at',
        'finished_at',
      ]);
      return { body, revision: revisionOf(doc) };
    },
  }),
];
