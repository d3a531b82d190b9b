// SPDX-License-Identifier: Apache-2.0
/**
 * Patterns of configuration in which versions of nginx have had memory faults, and why none of them can come out of
 * the renderer. Data, so that a version can be told what it would be exposed to and a test can look for each pattern.
 */
import { atLeast, versionParts } from './capabilities.js';
import type { PlainDirective } from './parse.js';

export interface Vulnerability {
  readonly id: string;
  /** The first version that has it. */
  readonly from: string;
  /** The first versions of their branches that no longer have it, the newest last. */
  readonly fixed: readonly string[];
  readonly pattern: string;
  /** How it is kept out. */
  readonly answer: string;
  /** Whether a block of directives shows the pattern. */
  readonly shows: (block: readonly PlainDirective[]) => boolean;
}

const NUMBERED = /\$\{?[0-9]/;
const UNNAMED_GROUP = /(?:^|[^\\])\((?!\?)/;
const uses = (directive: PlainDirective, pattern: RegExp): boolean =>
  directive.args.some((arg) => pattern.test(arg));

export const VULNERABILITIES: readonly Vulnerability[] = [
  {
    id: 'CVE-2026-42945',
    from: '0.6.27',
    fixed: ['1.30.1', '1.31.0'],
    pattern: 'rewrite with a numbered capture and ? in its replacement, followed by rewrite, if or set',
    answer: 'captures are named',
    shows: (block) =>
      block.some(
        ({ name, args }) =>
          name === 'rewrite' && NUMBERED.test(args[1] ?? '') && args[1]?.includes('?') === true,
      ),
  },
  {
    id: 'CVE-2026-9256',
    from: '0.1.17',
    fixed: ['1.30.2', '1.31.1'],
    pattern: 'overlapping numbered captures in a rewrite',
    answer: 'captures are named',
    shows: (block) =>
      block.some(
        (one) => one.name === 'rewrite' && UNNAMED_GROUP.test(one.args[0] ?? '') && uses(one, NUMBERED),
      ),
  },
  {
    id: 'CVE-2026-42533',
    from: '0.9.6',
    fixed: ['1.30.4', '1.31.3'],
    pattern: 'regular expressions in a map',
    answer: 'maps hold plain texts',
    shows: (block) =>
      block.some((one) => one.name === 'map' && one.block?.some(({ name }) => name.startsWith('~')) === true),
  },
  {
    id: 'CVE-2026-42926',
    from: '1.29.4',
    fixed: ['1.30.1', '1.31.0'],
    pattern: 'proxy_set_body with HTTP/2 to the upstream',
    answer: 'proxy_set_body is not in the allow-list',
    shows: (block) => block.some(({ name }) => name === 'proxy_set_body'),
  },
];

function isFixed(version: string, { fixed }: Vulnerability): boolean {
  const [major, minor] = versionParts(version);
  return fixed.some((first, index) => {
    const [ofMajor, ofMinor] = versionParts(first);
    const sameBranch = major === ofMajor && minor === ofMinor;
    return atLeast(version, first) && (sameBranch || index === fixed.length - 1);
  });
}

/** What this version would be exposed to, if such a pattern were rendered. */
export const vulnerabilitiesOf = (version: string): readonly Vulnerability[] =>
  VULNERABILITIES.filter((one) => atLeast(version, one.from) && !isFixed(version, one));
