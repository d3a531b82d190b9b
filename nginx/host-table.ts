// SPDX-License-Identifier: Apache-2.0
import { byText } from './compile.js';
import type { HostModel, UpstreamModel } from './compiled.js';
import { hostModel } from './host-model.js';
import type { CertificateSpec, HostSpec, Resources, UpstreamSpec } from './model.js';
import { upstreamModel } from './upstream-model.js';

/** A host with what it refers to, as both were when the table was made. */
export interface HostEntry {
  readonly spec: HostSpec;
  readonly upstreams: readonly (readonly [string, UpstreamSpec | undefined])[];
  readonly certificate: CertificateSpec | undefined;
  /** Compiled when somebody needs it first. Throws RenderRefused. */
  model(): HostModel;
}

export interface HostTable {
  /** All hosts in order of id: the same array again when nothing of them changed. */
  update(resources: Resources): readonly HostEntry[];
}

/** Finds out what changed by comparing identities; entries of what did not change stay. */
export function hostTable(): HostTable {
  const models = new WeakMap<UpstreamSpec, UpstreamModel>();
  let entries: readonly HostEntry[] = [];
  const byId = new Map<string, HostEntry>();
  let upstreamsSeen: ReadonlyMap<string, UpstreamSpec> = new Map();
  let certificatesSeen: ReadonlyMap<string, CertificateSpec> = new Map();

  const modelOf = (spec: UpstreamSpec): UpstreamModel => {
    const model = models.get(spec) ?? upstreamModel(spec);
    models.set(spec, model);
    return model;
  };

  const entryOf = (spec: HostSpec, { upstreams, certificates }: Resources): HostEntry => {
    const ids = spec.locations.flatMap(({ upstream_id: id }) => (id === null ? [] : [id]));
    const used = new Map(ids.map((id) => [id, upstreams.get(id)]));
    const certificate =
      spec.ssl_certificate_id === null ? undefined : certificates.get(spec.ssl_certificate_id);
    const references = {
      upstream: (id: string) => {
        const upstream = used.get(id);
        return upstream && modelOf(upstream);
      },
      certificate: () => certificate,
    };
    let model: HostModel | undefined;
    return {
      spec,
      upstreams: [...used],
      certificate,
      model: () => {
        model ??= hostModel(spec, references);
        return model;
      },
    };
  };

  /** Whether a host still refers to what it referred to; asked only where something that can be referred to changed. */
  const refersToTheSame = (entry: HostEntry, { upstreams, certificates }: Resources): boolean =>
    entry.upstreams.every(([id, upstream]) => upstreams.get(id) === upstream) &&
    (entry.spec.ssl_certificate_id === null ||
      certificates.get(entry.spec.ssl_certificate_id) === entry.certificate);

  /** The entries with the fresh ones put in; most often one of ten thousand is replaced. */
  const merged = (fresh: ReadonlyMap<string, HostEntry>, resources: Resources): readonly HostEntry[] => {
    const added = [...fresh.values()].filter(({ spec }) => !byId.has(spec.id));
    const nothingRemoved = byId.size + added.length === resources.virtualHosts.size;
    const all = nothingRemoved
      ? [...entries]
      : entries.filter(({ spec }) => resources.virtualHosts.has(spec.id) || !byId.delete(spec.id));
    for (const [id, entry] of fresh) {
      if (byId.has(id)) {
        all[indexOf(all, id)] = entry;
      }
      byId.set(id, entry);
    }
    return added.length === 0 ? all : [...all, ...added].sort((a, b) => byText(a.spec.id, b.spec.id));
  };

  return {
    update: (resources) => {
      const upstreamsSame = sameMap(upstreamsSeen, resources.upstreams);
      const certificatesSame = sameMap(certificatesSeen, resources.certificates);
      upstreamsSeen = upstreamsSame ? upstreamsSeen : new Map(resources.upstreams);
      certificatesSeen = certificatesSame ? certificatesSeen : new Map(resources.certificates);
      const fresh = new Map<string, HostEntry>();
      for (const [id, spec] of resources.virtualHosts) {
        const known = byId.get(id);
        const current =
          known?.spec === spec && ((upstreamsSame && certificatesSame) || refersToTheSame(known, resources));
        if (!current) {
          fresh.set(id, entryOf(spec, resources));
        }
      }
      if (fresh.size > 0 || byId.size !== resources.virtualHosts.size) {
        entries = merged(fresh, resources);
      }
      return entries;
    },
  };
}

function sameMap<T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>): boolean {
  if (a.size !== b.size) {
    return false;
  }
  for (const [key, value] of b) {
    if (a.get(key) !== value) {
      return false;
    }
  }
  return true;
}

/** Place of an id in entries in order of id. */
function indexOf(entries: readonly HostEntry[], id: string): number {
  let low = 0;
  let high = entries.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.spec.id ?? '') < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
