// SPDX-License-Identifier: Apache-2.0
import { detail, type ErrorDetail, invalid, Secret } from '../../kernel/index.js';
import type { CreateCertificate } from '../../schemas/index.js';
import type { UploadInput } from './check.js';

/** What is checked of an upload, or VALIDATION_ERROR for what it cannot be without or cannot ask for. */
export function uploadOf({
  domain,
  certificate_pem: certificatePem,
  private_key_pem: privateKeyPem,
  auto_renew,
}: CreateCertificate): UploadInput {
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

/** What is requested of an authority: a name alone, because the key is made where it is kept. */
export function requestOf({ domain, auto_renew = true, ...body }: CreateCertificate): {
  readonly domain: string;
  readonly autoRenew: boolean;
} {
  const given = (['certificate_pem', 'private_key_pem'] as const).filter(
    (field) => body[field] !== undefined,
  );
  if (given.length > 0) {
    throw invalid(
      given.map((field) => detail(field, 'CONFLICTING_FIELDS', 'letsencrypt issues it: nothing is uploaded')),
    );
  }
  return { domain, autoRenew: auto_renew };
}
