// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, invalid, notFound } from '../../kernel/index.js';
import type { Certificate, Fact, Issuance, IssuanceStep, WorkspaceFact } from '../../schemas/index.js';
import { refuseKnown } from '../fresh.js';
import type { WorkspaceState } from '../workspace/state.js';

/** What an issuer has got from the authority. */
type IssuedCertificate = Pick<Certificate, 'names' | 'issued_at' | 'expires_at'> & {
  readonly fingerprint: string;
};

type Step = { readonly id: string; readonly at: string };

/** `at` is RFC 3339. The first is a person's; the others are an issuer's, one for each step that it has taken. */
export type IssuanceCommand =
  | (Step & { readonly type: 'request-certificate'; readonly domain: string; readonly autoRenew: boolean })
  | (Step & { readonly type: 'record-certificate-order'; readonly orderUrl: string })
  | (Step & { readonly type: 'record-certificate-challenge'; readonly challenge: 'http-01' | 'dns-01' })
  | (Step & { readonly type: 'record-certificate-issued'; readonly issued: IssuedCertificate })
  | (Step & { readonly type: 'record-certificate-failed'; readonly reason: string })
  | (Step & { readonly type: 'record-certificate-renewal-due' });

type IssuanceType = `certificate.${IssuanceStep}`;
export type IssuanceFact = Extract<WorkspaceFact, { type: IssuanceType }>;

/** From each step to those that may follow. Authorities may ask for no challenge; what failed is ordered again. */
const NEXT: Readonly<Record<IssuanceStep, readonly IssuanceStep[]>> = {
  requested: ['order_created', 'failed'],
  order_created: ['challenge_ready', 'issued', 'failed'],
  challenge_ready: ['issued', 'failed'],
  issued: ['renewal_due'],
  failed: ['order_created'],
  renewal_due: ['order_created', 'failed'],
};

export const issuanceOf = (fact: IssuanceFact): Issuance => ({
  step: fact.type.slice('certificate.'.length) as IssuanceStep,
  reason: fact.type === 'certificate.failed' ? fact.data.reason : null,
});

export function decideIssuance(command: IssuanceCommand, state: WorkspaceState): readonly WorkspaceFact[] {
  switch (command.type) {
    case 'request-certificate':
      return request(command, state);
    case 'record-certificate-order': {
      const certificate = stepped(command, 'order_created', state);
      return [{ type: 'certificate.order_created', data: { certificate, order_url: command.orderUrl } }];
    }
    case 'record-certificate-challenge': {
      const certificate = stepped(command, 'challenge_ready', state);
      return [{ type: 'certificate.challenge_ready', data: { certificate, challenge: command.challenge } }];
    }
    case 'record-certificate-issued': {
      const certificate = {
        ...stepped(command, 'issued', state),
        ...command.issued,
        status: 'active' as const,
      };
      return [{ type: 'certificate.issued', data: { certificate } }];
    }
    case 'record-certificate-failed': {
      const certificate = stepped(command, 'failed', state);
      return [{ type: 'certificate.failed', data: { certificate, reason: command.reason } }];
    }
    case 'record-certificate-renewal-due':
      return [
        { type: 'certificate.renewal_due', data: { certificate: stepped(command, 'renewal_due', state) } },
      ];
    default:
      return command satisfies never;
  }
}

/** The certificate after a step, if the step may follow. What was issued once stays active: it is served. */
function stepped({ id, at }: Step, step: IssuanceStep, state: WorkspaceState): Certificate {
  const certificate = state.certificates.get(id);
  const known = state.issuances.get(id);
  if (!certificate || !known) {
    throw notFound('certificate');
  }
  if (!NEXT[known.step].includes(step)) {
    throw conflict(
      `The certificate is ${known.step.replace('_', ' ')}: ${step.replace('_', ' ')} cannot follow`,
    );
  }
  const status = certificate.fingerprint === null ? (step === 'failed' ? 'failed' : 'pending') : 'active';
  return { ...certificate, status, updated_at: at };
}

function request(
  { id, domain, autoRenew, at }: Extract<IssuanceCommand, { type: 'request-certificate' }>,
  state: WorkspaceState,
): readonly Fact<'certificate.requested'>[] {
  refuseKnown(state.certificates, id);
  if (!isPublicName(domain)) {
    const message =
      'Must be a DNS name of two labels or more, of letters, digits and hyphens, or *. before one';
    throw invalid([detail('domain', 'INVALID_FORMAT', message)]);
  }
  for (const other of state.certificates.values()) {
    if (other.provider === 'letsencrypt' && other.domain === domain) {
      throw conflict('The certificate is requested already', [
        detail('domain', 'DUPLICATE', `It is certificate ${other.domain} (${other.id})`),
      ]);
    }
  }
  const certificate: Certificate = {
    id,
    workspace_id: state.workspace?.id ?? '',
    domain,
    names: [],
    is_wildcard: domain.startsWith('*.'),
    provider: 'letsencrypt',
    status: 'pending',
    fingerprint: null,
    issued_at: null,
    expires_at: null,
    auto_renew: autoRenew,
    created_at: at,
    updated_at: at,
  };
  return [{ type: 'certificate.requested', data: { certificate } }];
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether a public authority could ever issue for it: host names only, no address and no single label. */
function isPublicName(domain: string): boolean {
  const labels = domain.replace(/^\*\./, '').split('.');
  return (
    domain.length <= 253 &&
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label)) &&
    !/^[0-9]+$/.test(labels.at(-1) ?? '')
  );
}
