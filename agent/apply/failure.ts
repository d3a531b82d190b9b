// SPDX-License-Identifier: Apache-2.0
import { errorMessage } from '../../kernel/index.js';
import type { Reason } from '../../schemas/index.js';
import type { ToolResult } from '../run-tool.js';
import type { Activation } from './activate.js';
import { fatalWarnings, reasonOf, reasonOfErrno, type Said, saidBy } from './reasons.js';
import { bundlePaths, maskForeign, placeOf, presentable, type Vocabulary } from './words.js';

/** Why a bundle did not go live, as it is told to the master. */
export interface Failure {
  readonly reason: Reason;
  readonly message: string;
  readonly nginxOutput: string;
  readonly file: string;
  readonly line: number;
}

export const failure = (reason: Reason, message: string): Failure => ({
  reason,
  message: presentable(message),
  nginxOutput: '',
  file: '',
  line: 0,
});

/** A file operation of ours, or a signal, that the system refused. */
export function failureOfError(error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return failure(reasonOfErrno(code), errorMessage(error));
}

/** What nginx said, told in the bundle's terms. */
function failureOfWords(output: string, vocabulary: Vocabulary, reason?: Reason): Failure {
  const said = saidBy(output);
  return tell(
    said.length > 0 ? said : output.split('\n').map((text) => ({ level: '', text })),
    vocabulary,
    reason,
  );
}

/** Undefined when the test let the configuration through. */
export function failureOfTest(result: ToolResult, vocabulary: Vocabulary): Failure | undefined {
  if (result.timedOut) {
    return failure(
      'VALIDATION_TIMEOUT',
      `nginx -t had not ended after ${Math.round(result.ms)} ms and was killed`,
    );
  }
  if (result.code !== 0) {
    return failureOfWords(result.stderr, vocabulary);
  }
  const warnings = fatalWarnings(result.stderr);
  return warnings.length > 0 ? tell(warnings, vocabulary) : undefined;
}

export function failureOfActivation(
  activation: Exclude<Activation, { proven: true }>,
  words: Vocabulary,
): Failure {
  if (activation.why === 'absent') {
    return failure('HEALTH_GATE', activation.output);
  }
  if (activation.why === 'unreachable') {
    return failure('RELOAD_TIMEOUT', activation.output);
  }
  if (activation.why === 'timeout' && activation.output.trim() === '') {
    return failure(
      'RELOAD_TIMEOUT',
      `nginx did not answer with the new configuration within ${Math.round(activation.ms)} ms`,
    );
  }
  return failureOfWords(activation.output, words, activation.why === 'crashed' ? 'WORKER_CRASH' : undefined);
}

const GRAVE = new Set(['emerg', 'alert', 'crit']);

function tell(said: readonly Said[], vocabulary: Vocabulary, reason?: Reason): Failure {
  const lines = said.map(({ level, text }) => {
    const line = maskForeign(bundlePaths(text, vocabulary), vocabulary);
    return { level, line };
  });
  const main = lines.find(({ level }) => GRAVE.has(level)) ?? lines[0];
  return {
    reason: reason ?? reasonOf(said.map(({ text }) => text).join('\n')),
    message: presentable(main?.line ?? 'nginx gave no reason'),
    nginxOutput: presentable(
      lines.map(({ level, line }) => (level === '' ? line : `[${level}] ${line}`)).join('\n'),
    ),
    ...placeOf(main?.line ?? ''),
  };
}
