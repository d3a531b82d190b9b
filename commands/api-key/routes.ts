// SPDX-License-Identifier: Apache-2.0
import { apiKeyPrefix, apiKeyText, type Principal, type Route, route, SCOPES } from '../../http/index.js';
import {
  conflict,
  createdId,
  detail,
  type ErrorDetail,
  invalid,
  notFound,
  type Secret,
  sha256,
  streams,
  timestamp,
} from '../../kernel/index.js';
import { ApiKey, type CreateApiKey, CreateApiKey as CreateBody, closed, Type } from '../../schemas/index.js';
import { answer, type CommandDeps, contextOf, organizationExists } from '../request.js';

export interface ApiKeyDeps extends CommandDeps {
  /** The 256 bits of a key: the same command gives the same, so that a repeated request shows the same key. */
  readonly apiKeySecret: (commandId: string) => Secret<Buffer>;
  /** Keys of a user that are not revoked. */
  readonly keysOf: (userId: string) => readonly unknown[];
}

/** What is shown once. */
export const ShownApiKey = closed({ ...ApiKey.properties, key: Type.String() });

const MAX_KEYS = 100;

/** Write routes of API keys. */
export function apiKeyCommands(deps: ApiKeyDeps): Route[] {
  const { handlers, clock } = deps;

  /** Where somebody has no role, there is nothing. */
  async function mayName(organizationId: string, { isAdmin, roles }: Principal): Promise<boolean> {
    return isAdmin ? organizationExists(deps, organizationId) : Object.hasOwn(roles, organizationId);
  }

  async function check(body: CreateApiKey, principal: Principal): Promise<void> {
    const faults: ErrorDetail[] = body.scopes.flatMap((scope, at) =>
      SCOPES.includes(scope) ? [] : [detail(`scopes[${at}]`, 'INVALID_VALUE', 'Is not a scope')],
    );
    const { organization_id, expires_at } = body;
    if (organization_id && !(await mayName(organization_id, principal))) {
      faults.push(detail('organization_id', 'INVALID_VALUE', 'Is not an organization of yours'));
    }
    if (expires_at && Date.parse(expires_at) <= clock.now()) {
      faults.push(detail('expires_at', 'OUT_OF_RANGE', 'Must be in the future'));
    }
    if (faults.length > 0) {
      throw invalid(faults);
    }
  }

  return [
    route({
      method: 'POST',
      path: '/v1/api-keys',
      operationId: 'createApiKey',
      summary: 'Make an API key; the key itself is in this answer and nowhere else',
      tag: 'API keys',
      permission: 'api_key.create',
      body: CreateBody,
      success: { status: 201, schema: ShownApiKey },
      idempotent: true,
      handler: async (request) => {
        const { body, principal } = request;
        await check(body, principal);
        const context = contextOf(request, deps);
        const id = createdId(context.commandId, 'api_key');
        const stream = streams.api_key(id);
        const made = await handlers.apiKey.peek(stream, (state) => state.existed);
        if (!made && deps.keysOf(principal.userId).length >= MAX_KEYS) {
          throw conflict(`You have ${MAX_KEYS} keys: revoke one first`);
        }
        const text = apiKeyText(id, deps.apiKeySecret(context.commandId));
        const key: ApiKey = {
          id,
          user_id: principal.userId,
          organization_id: body.organization_id ?? null,
          name: body.name,
          scopes: body.scopes,
          prefix: apiKeyPrefix(id),
          last_four: text.reveal().slice(-4),
          created_at: timestamp(clock.now()),
          expires_at: body.expires_at ? timestamp(Date.parse(body.expires_at)) : null,
        };
        const command = { type: 'create', key, secretSha256: sha256(text.reveal()) } as const;
        const outcome = await handlers.apiKey.run(stream, id, command, context, (state) => state.key);
        const { body: shown, ...rest } = await answer(deps, outcome);
        return { ...rest, body: { ...(shown as ApiKey), key: text.reveal() } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/api-keys/{api_key_id}',
      operationId: 'revokeApiKey',
      summary: 'Revoke an API key of yours, or of anybody as an administrator',
      tag: 'API keys',
      permission: 'api_key.revoke',
      success: { status: 204 },
      idempotent: true,
      handler: async (request) => {
        const { principal, params } = request;
        const id = params.api_key_id;
        const stream = streams.api_key(id);
        const key = await handlers.apiKey.peek(stream, (state) => state.key);
        if (!key || (key.user_id !== principal.userId && !principal.isAdmin)) {
          throw notFound('API key');
        }
        const command = { type: 'revoke', at: timestamp(clock.now()) } as const;
        return answer(
          deps,
          await handlers.apiKey.run(stream, id, command, contextOf(request, deps), () => undefined),
        );
      },
    }),
  ];
}
