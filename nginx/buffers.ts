// SPDX-License-Identifier: Apache-2.0
import type { DirectiveSpec, Problem } from './model.js';
import { problem } from './text.js';

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 * 1024, g: 1024 * 1024 * 1024 };
const PAGE = 4096;

function bytes(text: string | undefined): number | undefined {
  const match = /^([0-9]{1,12})([kmg]?)$/i.exec(text ?? '');
  return match ? Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? 1) : undefined;
}

/**
 * Why nginx would refuse these buffer sizes together, if it would. `above` are the host's directives, which a
 * location inherits one by one; the rest are nginx's defaults on pages of 4 kB.
 */
export function checkBuffers(
  own: readonly DirectiveSpec[],
  above: readonly DirectiveSpec[] = [],
): Problem | undefined {
  const args = (name: string): readonly string[] | undefined =>
    (own.find(({ directive }) => directive === name) ?? above.find(({ directive }) => directive === name))
      ?.args;
  const buffers = args('proxy_buffers');
  const count = Number(buffers?.[0] ?? 8);
  const each = bytes(buffers?.[1]) ?? PAGE;
  const largest = Math.max(bytes(args('proxy_buffer_size')?.[0]) ?? PAGE, each);
  const busy = bytes(args('proxy_busy_buffers_size')?.[0]) ?? 2 * largest;
  const temp = bytes(args('proxy_max_temp_file_size')?.[0]);
  if (busy < largest || busy > (count - 1) * each) {
    return problem(
      'OUT_OF_RANGE',
      'proxy_busy_buffers_size (twice the largest buffer, when not set) must be at least one buffer and less than all proxy_buffers but one',
    );
  }
  return temp !== undefined && temp !== 0 && temp < largest
    ? problem('OUT_OF_RANGE', 'proxy_max_temp_file_size must be 0 or at least the largest buffer')
    : undefined;
}
