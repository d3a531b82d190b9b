// SPDX-License-Identifier: Apache-2.0
import { appendContract } from './append.contract.js';
import { concurrencyContract } from './concurrency.contract.js';
import { idempotenceContract } from './idempotence.contract.js';
import { readContract } from './read.contract.js';
import type { Subject } from './subject.harness.js';
import { subscribeContract } from './subscribe.contract.js';

/** Everything that `port.ts` promises; each adapter's test runs it. */
export function logContract(subject: Subject): void {
  appendContract(subject);
  readContract(subject);
  subscribeContract(subject);
  idempotenceContract(subject);
  concurrencyContract(subject);
}
