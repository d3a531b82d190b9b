// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from '../nginx/index.js';
import { type BundleFile, type Certificate, ConfigUpdate } from '../proto/index.js';
import type { Rendering } from './rendering.js';
import { structuredHost, structuredUpstream } from './structured.js';
import { encodeMaster } from './wire.js';

/** A message of an update is not much larger than this, a single file aside. */
const PART_BYTES = 1_000_000;

export interface UpdateInput {
  readonly rendering: Exclude<Rendering, { kind: 'refused' }>;
  readonly version: number;
  /** The bundle that the agent proves, where it is known. */
  readonly base: Bundle | undefined;
  /** SHA-256 of files whose bytes the agent has. */
  readonly held: ReadonlySet<string>;
  readonly certificates: Readonly<Record<string, Certificate>>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The files that an agent lacks, those that it must drop, and what both are relative to. */
function difference(bundle: Bundle, base: Bundle | undefined, held: ReadonlySet<string>) {
  const known = new Map(base?.files.map((file) => [file.path, file.sha256]));
  const files: BundleFile[] = [];
  for (const { path, sha256, content } of bundle.files) {
    if (known.get(path) !== sha256) {
      files.push({ path, sha256, content: held.has(sha256) ? undefined : Buffer.from(content) });
    }
    known.delete(path);
  }
  return { files, removedPaths: [...known.keys()], baseDigest: base?.digest ?? '' };
}

function split(files: readonly BundleFile[]): BundleFile[][] {
  const parts: BundleFile[][] = [[]];
  let size = 0;
  for (const file of files) {
    const bytes = file.path.length + 80 + (file.content?.length ?? 0);
    if (size > 0 && size + bytes > PART_BYTES) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(file);
    size += bytes;
  }
  return parts;
}

/** The encoded messages of one update, in order. */
export function encodeUpdate(input: UpdateInput): readonly Buffer[] {
  const { rendering, version, certificates, now } = input;
  const { digest } = rendering;
  const common = { configId: digest, version: BigInt(version), digest };
  const encode = (update: ConfigUpdate): Buffer =>
    encodeMaster({ $case: 'configUpdate', value: update }, now, `${digest}:${update.part}`);
  if (rendering.kind === 'structured') {
    const virtualHosts = rendering.hosts().map(structuredHost);
    const upstreams = rendering.upstreams.map(structuredUpstream);
    const whole = { ...common, virtualHosts, upstreams, certificates, part: 1, parts: 1 };
    return [encode(ConfigUpdate.fromPartial(whole))];
  }
  const { files, removedPaths, baseDigest } = difference(rendering.bundle, input.base, input.held);
  const parts = split(files);
  return parts.map((part, index) =>
    encode(
      ConfigUpdate.fromPartial({
        ...common,
        baseDigest,
        files: part,
        part: index + 1,
        parts: parts.length,
        ...(index === 0 ? { removedPaths, certificates } : {}),
      }),
    ),
  );
}

// Renderings are shared by a group: what one of its agents is sent, the next is sent too.
const encodings = new WeakMap<Rendering, Map<string, readonly Buffer[]>>();

/** As `encodeUpdate`, with bytes shared where nothing of them belongs to one agent alone. */
export function sharedUpdate(input: UpdateInput): readonly Buffer[] {
  if (input.held.size > 0 || Object.keys(input.certificates).length > 0) {
    return encodeUpdate(input);
  }
  const known = encodings.get(input.rendering) ?? new Map<string, readonly Buffer[]>();
  encodings.set(input.rendering, known);
  const key = `${input.version} ${input.base?.digest ?? ''}`;
  const messages = known.get(key) ?? encodeUpdate(input);
  known.set(key, messages);
  return messages;
}
