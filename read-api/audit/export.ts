// SPDX-License-Identifier: Apache-2.0
/**
 * An audit as lines of JSON that can be checked without a server: a header, each record with its hash, the checkpoints
 * that were signed as the chain grew, and a signed end. Read page by page, so that memory does not grow with it.
 */
import { createHash } from 'node:crypto';
import {
  type Checkpoint,
  EXPORT_FORMAT,
  type ExportLine,
  NOTHING,
  type RecordDoc,
  recordId,
  type SignedCheckpoint,
} from '../../projections/index.js';
import { type OpenDeps, type Opened, openRecords } from './present.js';

export interface ExportDeps extends OpenDeps {
  readonly checkpoints: (chain: string) => AsyncIterable<SignedCheckpoint>;
  readonly signer: AuditSigner;
  /** RFC 3339. */
  readonly now: () => string;
}

export interface AuditSigner {
  readonly keyId: string;
  /** SPKI in PEM. */
  readonly publicKey: string;
  sign(checkpoint: Checkpoint): SignedCheckpoint;
}

const PAGE = 200;

/** From the chain's first record, or the one numbered `from`, to the one that is newest when it gets there. */
export async function* exportLines(
  deps: ExportDeps,
  chain: string,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const pages = recordsOf(deps, chain, signal);
  const { signer, now } = deps;
  let number = 0;
  let hash = NOTHING;
  let begun = false;
  const whole = createHash('sha256');
  const written = (text: string): string => {
    whole.update(text);
    return text;
  };
  const checkpoints = deps.checkpoints(chain)[Symbol.asyncIterator]();
  let checkpoint = await checkpoints.next();
  const header = (): string =>
    line({
      kind: 'header',
      format: EXPORT_FORMAT,
      chain,
      from: number + 1,
      previous_hash: hash,
      key_id: signer.keyId,
      public_key: signer.publicKey,
      exported_at: now(),
    });
  for await (const page of pages) {
    let text = '';
    for (const one of page) {
      const { chain_number, chain_hash } = one.full;
      if (!begun && chain_number >= from) {
        text += header();
        begun = true;
      }
      number = chain_number;
      hash = chain_hash;
      if (!begun) {
        continue;
      }
      text += line(recordLine(one));
      while (!checkpoint.done && checkpoint.value.number <= number) {
        text += checkpoint.value.number === number ? line({ kind: 'checkpoint', ...checkpoint.value }) : '';
        checkpoint = await checkpoints.next();
      }
    }
    yield written(text);
  }
  await checkpoints.return?.();
  if (!begun) {
    yield written(header());
  }
  const export_sha256 = whole.digest('hex');
  yield line({ kind: 'end', ...signer.sign({ chain, number, hash, at: now(), export_sha256 }) });
}

const line = (one: ExportLine): string => `${JSON.stringify(one)}\n`;

function recordLine({ doc, full: { before }, address }: Opened): ExportLine {
  const { chain: _chain, chain_number: number, chain_hash: hash, ...record } = doc;
  return { kind: 'record', number, hash, record: { ...record }, before, address };
}

/** The records of a chain, oldest first. */
async function* recordsOf(
  deps: OpenDeps,
  chain: string,
  signal: AbortSignal,
): AsyncGenerator<readonly Opened[]> {
  let from = recordId(0n);
  while (!signal.aborted) {
    const query = { where: { chain }, orderBy: 'id', from, limit: PAGE, count: false };
    const { items } = await deps.reader.find('records', query);
    const last: RecordDoc | undefined = items.at(-1);
    if (!last) {
      return;
    }
    yield await openRecords(deps, items);
    from = recordId(BigInt(last.position) + 1n);
  }
}
