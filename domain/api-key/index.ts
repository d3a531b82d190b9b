// SPDX-License-Identifier: Apache-2.0
import { type Decider, never } from '../../kernel/index.js';
import type { ApiKey, ApiKeyFact } from '../../schemas/index.js';

export interface ApiKeyState {
  /** Undefined before it is made and after it is revoked. */
  key: ApiKey | undefined;
  existed: boolean;
}

export type ApiKeyCommand =
  | { readonly type: 'create'; readonly key: ApiKey; readonly secretSha256: string }
  | { readonly type: 'revoke'; readonly at: string };

/** Stream `api_key-<id>`. */
export const apiKey: Decider<ApiKeyState, ApiKeyCommand, ApiKeyFact> = {
  initial: () => ({ key: undefined, existed: false }),
  decide: (command, { key, existed }) => {
    switch (command.type) {
      case 'create':
        return existed
          ? []
          : [
              {
                type: 'api_key.created',
                data: { api_key: command.key, secret_sha256: command.secretSha256 },
              },
            ];
      case 'revoke':
        return key
          ? [{ type: 'api_key.revoked', data: { api_key_id: key.id, user_id: key.user_id, at: command.at } }]
          : [];
      default:
        return never(command, 'command of an API key');
    }
  },
  evolve: (state, fact) => {
    switch (fact.type) {
      case 'api_key.created':
        state.key = fact.data.api_key;
        state.existed = true;
        return;
      case 'api_key.revoked':
        state.key = undefined;
        return;
      default:
        never(fact, 'fact of an API key');
    }
  },
  subject: (fact) => (fact.type === 'api_key.created' ? fact.data.api_key.id : fact.data.api_key_id),
};
