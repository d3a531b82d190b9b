// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timers } from '../../kernel/index.js';
import type { Ask } from './ask.js';
import type { LogTail } from './error-log.js';

const PROOF_URL = '/.nxmesh/proof';

/** What a worker says of itself: the digest of the configuration it serves, and its process id (0 when it says none). */
export interface Answer {
  readonly digest: string;
  readonly pid: number;
}

export async function askProof(ask: Ask): Promise<Answer | undefined> {
  const match = /^([0-9a-f]{64}|empty)(?: (\d+))?\s*$/.exec((await ask(PROOF_URL)) ?? '');
  return match ? { digest: match[1] ?? '', pid: Number(match[2] ?? 0) } : undefined;
}

export interface Expectation {
  readonly digest: string;
  /** Workers from before the signal: an answer of theirs is an old one, even with the same digest. */
  readonly oldWorkers: ReadonlySet<number>;
  readonly master: number;
  readonly log: LogTail;
  readonly quietMs: number;
  readonly timeoutMs: number;
}

export type Proof =
  | {
      readonly proven: true;
      readonly workers: readonly number[];
      readonly firstMs: number;
      readonly ms: number;
    }
  | {
      readonly proven: false;
      /** `refused`: the master has said that it keeps the old configuration; `crashed`: a new worker died. */
      readonly why: 'refused' | 'crashed' | 'timeout';
      readonly output: string;
      readonly ms: number;
    };

const POLL_MS = 5;

/**
 * Waits until nginx serves what is expected. One right answer proves nothing: for about 100 ms old and new workers both
 * accept. So the first right answer opens a quiet period, every other answer opens it anew, and only its end is a proof.
 * Meanwhile the master's own words in the error log tell a refusal at once.
 */
export async function prove(
  deps: { clock: Clock; timers: Timers; ask: Ask },
  expected: Expectation,
): Promise<Proof> {
  const started = deps.clock.monotonic();
  const elapsed = (): number => deps.clock.monotonic() - started;
  const workers = new Set<number>();
  const words: string[] = [];
  let first: number | undefined;
  let quietSince: number | undefined;

  for (;;) {
    const asked = elapsed();
    const answer = await askProof(deps.ask);
    const right = answer?.digest === expected.digest && !expected.oldWorkers.has(answer.pid);
    if (!right) {
      quietSince = undefined;
      workers.clear();
    } else {
      // Counted from before the question, so that time spent waiting for an answer is not taken for quiet.
      quietSince ??= elapsed();
      first ??= quietSince;
      workers.add(answer.pid);
    }
    const verdict = listen(expected, words);
    if (verdict !== undefined) {
      return { proven: false, why: verdict, output: words.join('\n'), ms: elapsed() };
    }
    if (quietSince !== undefined && asked - quietSince >= expected.quietMs) {
      return { proven: true, workers: [...workers], firstMs: first ?? 0, ms: elapsed() };
    }
    if (elapsed() > expected.timeoutMs) {
      return { proven: false, why: 'timeout', output: words.join('\n'), ms: elapsed() };
    }
    await deps.timers.sleep(POLL_MS);
  }
}

/**
 * A taken address is tried five times over 2.5 s before nginx gives up, and may become free in between; every other
 * `[emerg]` of the master ends the reload.
 */
function listen(expected: Expectation, words: string[]): 'refused' | 'crashed' | undefined {
  let verdict: 'refused' | 'crashed' | undefined;
  for (const { level, pid, text } of expected.log.next()) {
    if (pid !== expected.master || (level !== 'emerg' && level !== 'alert')) {
      continue;
    }
    const crash = /^worker process (\d+) exited (?:on signal|with fatal code)/.exec(text);
    if (crash && !expected.oldWorkers.has(Number(crash[1]))) {
      words.push(`[${level}] ${text}`);
      verdict = 'crashed';
    } else if (level === 'emerg') {
      words.push(`[${level}] ${text}`);
      if (!/^bind\(\) to .* failed \(98: /.test(text)) {
        verdict = 'refused';
      }
    }
  }
  return verdict;
}
