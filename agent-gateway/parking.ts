// SPDX-License-Identifier: Apache-2.0
import { MAX_PARKED, type ParkedHost } from '../schemas/index.js';

/** A host that the refused bundle has otherwise than the agent runs it. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly content: string;
  /** The version in which the agent ran it last; null when it never did. */
  readonly held: number | null;
}

type Why = Pick<ParkedHost, 'reason' | 'stage' | 'message'>;

export interface Refusal {
  readonly version: number;
  readonly candidates: readonly Candidate[];
  /** Hosts that the refusal points at, and what it says of each. */
  readonly culprits: ReadonlyMap<string, Why>;
  /** Whether the version brings the agent something besides the candidates, such as the end of a host. */
  readonly brings: boolean;
  /** What it says of all; undefined when no host can be at fault. */
  readonly why: Why | undefined;
}

/** The way to the host at fault by halves: `suspects` have one among them, of `later` nothing is known. */
interface Search {
  readonly version: number;
  readonly suspects: readonly string[];
  readonly later: readonly string[];
  readonly triesLeft: number;
}

/** What one agent does not run as desired, and what is being tried. */
export interface Parking {
  readonly parked: ReadonlyMap<string, ParkedHost>;
  /** Parked hosts that stand in the next bundle nevertheless: its outcome says what of them. */
  readonly tried: ReadonlySet<string>;
  readonly search: Search | undefined;
}

const NONE: ReadonlySet<string> = new Set();

export const beginParking = (hosts: readonly ParkedHost[]): Parking => ({
  parked: new Map(hosts.map((host) => [host.virtual_host_id, host])),
  tried: NONE,
  search: undefined,
});

/** The hosts that the agent is not to run as desired now. */
export const withheld = ({ parked, tried }: Parking): readonly ParkedHost[] =>
  [...parked.values()].filter(({ virtual_host_id: id }) => !tried.has(id));

const asParked = (one: Candidate, why: Why, suspect: boolean): ParkedHost => ({
  virtual_host_id: one.id,
  name: one.name.slice(0, 256),
  content: one.content,
  held_version: one.held,
  suspect,
  reason: why.reason,
  stage: why.stage,
  message: why.message,
});

function put(parked: Parking['parked'], hosts: readonly ParkedHost[]): Parking['parked'] {
  return new Map([...parked, ...hosts.map((host) => [host.virtual_host_id, host] as const)]);
}

const cleared = (parked: Parking['parked'], ids: readonly string[], why?: Why): Parking['parked'] =>
  put(
    parked,
    ids.flatMap((id) => {
      const host = parked.get(id);
      return host ? { ...host, ...why, suspect: false } : [];
    }),
  );

/** Enough for one host at fault among so many, and a second; then all suspects stay parked. */
const triesFor = (count: number): number => 2 * Math.ceil(Math.log2(Math.max(2, count))) + 6;

const firstHalf = (ids: readonly string[]): readonly string[] => ids.slice(0, Math.ceil(ids.length / 2));

/** Tries these of the suspects next; when too much was tried, all stay parked. */
function attempt(parked: Parking['parked'], search: Search, ids: readonly string[]): Parking {
  if (search.triesLeft === 0) {
    const all = [...search.suspects, ...search.later];
    return { parked: cleared(parked, all), tried: NONE, search: undefined };
  }
  return { parked, tried: new Set(ids), search: { ...search, triesLeft: search.triesLeft - 1 } };
}

function begun(parked: Parking['parked'], version: number, suspects: readonly string[]): Parking {
  const search = { version, suspects, later: [], triesLeft: triesFor(suspects.length) };
  return attempt(parked, search, firstHalf(suspects));
}

const suspectsIn = (parked: Parking['parked']): string[] =>
  [...parked.values()].flatMap((one) => (one.suspect ? one.virtual_host_id : []));

/** What an earlier session left: a search that it did not end begins anew. */
export function resumedParking(hosts: readonly ParkedHost[]): Parking {
  const state = beginParking(hosts);
  const suspects = suspectsIn(state.parked);
  return suspects.length === 0 ? state : begun(state.parked, 0, suspects);
}

/** Goes on with what nobody has judged yet, all at once. */
const onwards = (parked: Parking['parked'], search: Search, rest: readonly string[]): Parking =>
  rest.length === 0
    ? { parked, tried: NONE, search: undefined }
    : attempt(parked, { ...search, suspects: rest, later: [] }, rest);

function narrowed(state: Parking, search: Search, refusal: Refusal): Parking {
  const culprits = refusal.candidates.filter(({ id }) => refusal.culprits.has(id));
  const trying = search.suspects.filter((id) => state.tried.has(id));
  if (culprits.length > 0) {
    const parked = put(state.parked, known(refusal, culprits));
    const found = new Set(culprits.map(({ id }) => id));
    const rest = [...search.suspects, ...search.later].filter((id) => !found.has(id));
    return onwards(parked, search, rest);
  }
  if (trying.length <= 1) {
    const parked = cleared(state.parked, trying, refusal.why);
    const rest = [...search.suspects, ...search.later].filter((id) => !state.tried.has(id));
    return onwards(parked, search, rest);
  }
  const later = [...search.later, ...search.suspects.filter((id) => !state.tried.has(id))];
  return attempt(state.parked, { ...search, suspects: trying, later }, firstHalf(trying));
}

const known = (refusal: Refusal, culprits: readonly Candidate[]): ParkedHost[] =>
  culprits.flatMap((one) => {
    const why = refusal.culprits.get(one.id);
    return why ? asParked(one, why, false) : [];
  });

/**
 * A bundle was refused. The hosts at fault are parked, so that the rest goes out; where nothing points at one, halves
 * of what changed are tried. The same `parked` again means: nothing can be spared, the version is refused whole.
 */
export function refusedParking(state: Parking, refusal: Refusal): Parking {
  const { candidates, version } = refusal;
  if (state.search?.version === version) {
    return narrowed(state, state.search, refusal);
  }
  const whole: Parking = { parked: state.parked, tried: NONE, search: undefined };
  const culprits = candidates.filter(({ id }) => refusal.culprits.has(id));
  if (culprits.length === candidates.length && !refusal.brings) {
    return whole;
  }
  if (culprits.length > 0) {
    const parked = put(state.parked, known(refusal, culprits));
    return parked.size > MAX_PARKED ? whole : { ...whole, parked };
  }
  const { why } = refusal;
  if (!why || candidates.length === 0 || (candidates.length === 1 && !refusal.brings)) {
    return whole;
  }
  const parked = put(
    state.parked,
    candidates.map((one) => asParked(one, why, true)),
  );
  return parked.size > MAX_PARKED ? whole : begun(parked, version, suspectsIn(parked));
}

/** nginx serves a bundle in which only `held` are withheld: all else runs as desired. */
export function provenParking(state: Parking, version: number, held: ReadonlySet<string>): Parking {
  const parked = new Map([...state.parked].filter(([id]) => held.has(id)));
  const { search } = state;
  if (search?.version !== version) {
    const suspects = suspectsIn(parked);
    return suspects.length === 0
      ? { parked, tried: NONE, search: undefined }
      : begun(parked, version, suspects);
  }
  const suspects = search.suspects.filter((id) => held.has(id));
  const later = search.later.filter((id) => held.has(id));
  return suspects.length === 0
    ? onwards(parked, search, later)
    : attempt(parked, { ...search, suspects, later }, firstHalf(suspects));
}

/** Somebody asks for everything to be tried again. */
export const retriedParking = ({ parked }: Parking): Parking => ({
  parked,
  tried: new Set(parked.keys()),
  search: undefined,
});
