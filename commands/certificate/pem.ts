// SPDX-License-Identifier: Apache-2.0
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  readonly der: Buffer;
  readonly encrypted: boolean;
}

/** A text is no PEM; the message says why and holds nothing of it. */
export class NotPem extends Error {}

const BEGIN = /^-----BEGIN ([A-Z0-9 ]{1,40})-----$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MAX_BLOCKS = 20;

/**
 * The blocks of a PEM text; what stands around them (a certificate in words, bag attributes) is left out. Every line is
 * looked at once and the first fault ends it, so that no text takes more time than its length. Throws NotPem.
 */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { label: string; base64: string[]; encrypted: boolean } | undefined;
  for (const raw of text.split('\n', 65_537)) {
    const line = raw.trim();
    if (!line.startsWith('-----')) {
      if (open && line.includes(':')) {
        open.encrypted ||= line.includes('ENCRYPTED');
      } else if (open && line !== '') {
        open.base64.push(line);
      }
      continue;
    }
    if (!open) {
      const label = BEGIN.exec(line)?.[1];
      if (label === undefined || blocks.length === MAX_BLOCKS) {
        throw new NotPem(label === undefined ? 'a line is no begin of a PEM block' : 'too many PEM blocks');
      }
      open = { label, base64: [], encrypted: label.includes('ENCRYPTED') };
    } else {
      blocks.push(closed(open, line));
      open = undefined;
    }
  }
  if (open) {
    throw new NotPem('a PEM block has no end');
  }
  return blocks;
}

function closed(
  { label, base64, encrypted }: { label: string; base64: readonly string[]; encrypted: boolean },
  line: string,
): PemBlock {
  const body = base64.join('');
  if (line !== `-----END ${label}-----`) {
    throw new NotPem('a PEM block does not end as it begins');
  }
  // An encrypted one has header lines that are not read further: it is refused for what it is.
  if (!encrypted && !BASE64.test(body)) {
    throw new NotPem('a PEM block is empty or not base64');
  }
  return { label, der: Buffer.from(body, 'base64'), encrypted };
}
