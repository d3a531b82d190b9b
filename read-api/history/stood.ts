// SPDX-License-Identifier: Apache-2.0
import type { Origin, RecordDoc, StandingKind } from '../../projections/index.js';
import {
  type Certificate,
  type EnrolledAgent,
  ISSUANCE_STEPS,
  type Issuance,
  type Organization,
  type Upstream,
  type VirtualHost,
  type Workspace,
} from '../../schemas/index.js';
import { type Scoped, yes } from '../scope.js';

export interface Resources {
  readonly organization: Organization;
  readonly workspace: Workspace;
  readonly agent: EnrolledAgent;
  readonly upstream: Upstream;
  readonly virtual_host: VirtualHost;
  readonly certificate: Certificate;
}

/** A resource as it stood, with when it was set. */
export type Stood<K extends StandingKind> = Scoped<Resources[K] & Origin & { readonly _at: string }>;

/** Where the issuing of a certificate stood: the event that set it says so, the resource does not. */
function issuanceThen({ type, details }: RecordDoc): { readonly issuance: Issuance } | undefined {
  const step = ISSUANCE_STEPS.find((one) => type === `certificate.${one}`);
  return step && { issuance: { step, reason: (details['reason'] as string | undefined) ?? null } };
}

/** A record that set a resource, as the resource was read then. */
export function stood<K extends StandingKind>(record: RecordDoc): Stood<K> {
  const { after, revision, position, at } = record;
  const origin = { _revision: revision, _position: position, _at: at };
  return yes({ ...after, ...issuanceThen(record), ...origin } as unknown as Resources[K] &
    Origin & { readonly _at: string });
}
