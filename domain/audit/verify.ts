// SPDX-License-Identifier: Apache-2.0
/**
 * Checks an export of the audit line by line, without a server: every record against its hash, every hash against the
 * one before it, every checkpoint against its signature. Pure; it holds one line's worth of state.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../../kernel/index.js';
import { auditKeyId, chainHash, isSignedBy, NOTHING, type SignedCheckpoint } from './chain.js';

export const EXPORT_FORMAT = 'nxmesh-audit/1';

export interface HeaderLine {
  readonly kind: 'header';
  readonly format: string;
  readonly chain: string;
  /** Number of the first record that follows. */
  readonly from: number;
  /** Hash of the record before it. */
  readonly previous_hash: string;
  readonly key_id: string;
  /** SPKI in PEM. */
  readonly public_key: string;
  readonly exported_at: string;
}

export interface RecordLine {
  readonly kind: 'record';
  readonly number: number;
  readonly hash: string;
  /** What the hash is over. */
  readonly record: Readonly<Record<string, unknown>>;
  /** The resource as it stood before; the same as `after` of the record that `previous` names. */
  readonly before: unknown;
  /** The network that the request came from; null where there was none, or where its person was erased. */
  readonly address: string | null;
}

export type CheckpointLine = { readonly kind: 'checkpoint' } & SignedCheckpoint;

/** Signed over the last record and all lines of the export: what was cut off or altered in any of them is noticed. */
export type EndLine = { readonly kind: 'end' } & SignedCheckpoint;

export type ExportLine = HeaderLine | RecordLine | CheckpointLine | EndLine;

export type Verdict =
  | { readonly ok: true; readonly records: number; readonly checkpoints: number }
  | { readonly ok: false; readonly line: number; readonly number?: number; readonly why: string };

class Altered extends Error {
  readonly number: number | undefined;

  constructor(why: string, number?: number) {
    super(why);
    this.number = number;
  }
}

/** What `before` may be checked by: the newest state of each record that may still be named as the one before. */
const REMEMBERED = 100_000;

export function exportVerifier(key: KeyObject) {
  let header: HeaderLine | undefined;
  let number = 0;
  let hash = NOTHING;
  let records = 0;
  let checkpoints = 0;
  let ended = false;
  let lines = 0;
  let fault: Verdict | undefined;
  const whole = createHash('sha256');
  const states = new Map<string, string>();

  function takeRecord(line: RecordLine): void {
    const { record } = line;
    if (line.number !== number + 1) {
      throw new Altered(
        `record ${line.number} follows record ${number}: one was left out or put in`,
        line.number,
      );
    }
    if (chainHash(hash, record) !== line.hash) {
      throw new Altered(`record ${line.number} (${String(record.event_id)}) was altered`, line.number);
    }
    const { id, previous, after } = record as { id: string; previous: string | null; after: unknown };
    const known = previous === null ? undefined : states.get(previous);
    if (record.state !== 'kept' && known !== undefined && known !== canonicalJson(line.before)) {
      throw new Altered(`what stood before record ${line.number} was altered`, line.number);
    }
    states.set(id, canonicalJson(after ?? null));
    if (states.size > REMEMBERED) {
      states.delete(states.keys().next().value ?? '');
    }
    number = line.number;
    hash = line.hash;
    records += 1;
  }

  function takeCheckpoint(line: CheckpointLine | EndLine): void {
    if (line.chain !== header?.chain || line.number !== number || line.hash !== hash) {
      throw new Altered(`a checkpoint says that record ${line.number} was another`, line.number);
    }
    if (line.key_id !== auditKeyId(key) || !isSignedBy(line, key)) {
      throw new Altered(`the checkpoint at record ${line.number} is not signed by the key`, line.number);
    }
    if (line.kind === 'end' && line.export_sha256 !== whole.digest('hex')) {
      throw new Altered('a line was altered in what no hash of a record is over');
    }
    checkpoints += line.kind === 'checkpoint' ? 1 : 0;
    ended = line.kind === 'end';
  }

  function take(line: ExportLine): void {
    if (ended) {
      throw new Altered('there is more behind the end');
    }
    if (line.kind === 'header') {
      if (header || line.format !== EXPORT_FORMAT) {
        throw new Altered(header ? 'there is a second header' : 'it is not an export of the audit');
      }
      header = line;
      number = line.from - 1;
      hash = line.previous_hash;
      return;
    }
    if (!header) {
      throw new Altered('it does not begin with a header');
    }
    switch (line.kind) {
      case 'record':
        takeRecord(line);
        return;
      case 'checkpoint':
      case 'end':
        takeCheckpoint(line);
        return;
      default:
        throw new Altered('a line is of no known kind');
    }
  }

  return {
    /** Gives the first fault, and the same one from then on. */
    line: (text: string): Verdict | undefined => {
      lines += 1;
      if (fault) {
        return fault;
      }
      try {
        take(JSON.parse(text) as ExportLine);
        if (!ended) {
          whole.update(`${text}\n`);
        }
      } catch (error) {
        const at = error instanceof Altered ? error.number : undefined;
        const why = error instanceof Altered ? error.message : 'a line is not JSON of the export';
        fault = { ok: false, line: lines, ...(at === undefined ? {} : { number: at }), why };
      }
      return fault;
    },
    end: (): Verdict =>
      fault ??
      (ended
        ? { ok: true, records, checkpoints }
        : { ok: false, line: lines, number, why: `it ends behind record ${number} without its signed end` }),
  };
}
