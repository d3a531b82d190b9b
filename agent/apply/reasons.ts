// SPDX-License-Identifier: Apache-2.0
import type { Reason } from '../../schemas/index.js';

/**
 * nginx's words, and what is told of its process → reason, the first that matches. What matches none is a fault of the
 * configuration: `SYNTAX`.
 */
export const PATTERNS: readonly (readonly [RegExp, Reason])[] = [
  [/worker process \d+ exited (on signal|with fatal code)/, 'WORKER_CRASH'],
  [/\((28|122): /, 'DISK_FULL'],
  [/(bind|listen)\(\) to .* failed \(98: |still could not bind\(\)/, 'PORT_IN_USE'],
  [/bind\(\) to .* failed \(99: /, 'HOST_NOT_FOUND'],
  [/host not found/, 'HOST_NOT_FOUND'],
  [/key values mismatch/, 'CERT_KEY_MISMATCH'],
  [/cannot load certificate|SSL_CTX_use_|no "ssl_certificate" is defined|PEM_read|d2i_/, 'CERT_UNREADABLE'],
  [/\((1|5|12|13|23|24|30): /, 'PERMISSION'],
  // Of ours: nginx could not be started, or somebody ended it.
  [/^(spawn .* E[A-Z0-9]+|ended by SIG[A-Z0-9]+)$/m, 'HEALTH_GATE'],
];

/** Warnings that change nothing of what is served; every other one refuses the configuration. */
const HARMLESS: readonly RegExp[] = [
  /^the "user" directive makes sense only if the master process runs/,
  /^could not build optimal /,
  /^the "listen \.\.\. http2" directive is deprecated/,
  /^"ssl_stapling" ignored/,
  /^\d+ worker_connections exceed open file resource limit/,
];

export function reasonOf(words: string): Reason {
  return PATTERNS.find(([pattern]) => pattern.test(words))?.[1] ?? 'SYNTAX';
}

/** Why a file operation of ours failed. An I/O error of another kind has no word of its own; its message tells it. */
export function reasonOfErrno(code: string | undefined): Reason {
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' ? 'DISK_FULL' : 'PERMISSION';
}

export interface Said {
  readonly level: string;
  readonly text: string;
}

/** What nginx said, line by line, whether it wrote to its log or to the terminal; repeated lines once. */
export function saidBy(output: string): readonly Said[] {
  const seen = new Set<string>();
  const said: Said[] = [];
  for (const line of output.split('\n')) {
    const match = /\[(emerg|alert|crit|error|warn)\] (?:\d+#\d+: )?(.*)$/.exec(line);
    const text = match?.[2];
    if (match?.[1] !== undefined && text !== undefined && !seen.has(text)) {
      seen.add(text);
      said.push({ level: match[1], text });
    }
  }
  return said;
}

/** The warnings for which a test that exits with 0 is refused all the same. */
export function fatalWarnings(output: string): readonly Said[] {
  return saidBy(output).filter(
    ({ level, text }) => level === 'warn' && !HARMLESS.some((pattern) => pattern.test(text)),
  );
}
