// SPDX-License-Identifier: Apache-2.0
import { pagingQuery } from '../../http/index.js';
import { detail, invalid, type Position, streams, timestamp } from '../../kernel/index.js';
import { type Past, positionAt, type Reader, versionId } from '../../projections/index.js';
import { closed, Timestamp, Type } from '../../schemas/index.js';
import { listQueryParameters, readQuery } from '../query.js';

/**
 * A moment of the past: an RFC 3339 instant, `position:N` (of the log, as in `NxMesh-Position`), `revision:N` (of the
 * workspace, as in the `ETag` of what belongs to it; of an organization, or an API key, its own) or `version:N` (of the
 * configuration).
 */
const At = Type.Union([Timestamp, Type.String({ pattern: '^(position|revision|version):[0-9]{1,18}$' })]);

export const atParameter = { at: Type.Optional(At) };
export const readAtQuery = closed({ ...readQuery.properties, ...atParameter });
export const listAtQuery = closed({ ...pagingQuery, ...listQueryParameters, ...atParameter });
/** Lists of what has a name: this one alone. */
export const namedAtQuery = closed({
  ...listAtQuery.properties,
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
});

/** The streams that `revision` and `version` count in; undefined parts have neither. */
export interface Counted {
  readonly organizationId?: string;
  readonly workspaceId?: string;
  readonly apiKeyId?: string;
}

const isCounted = (at: string): boolean => /^(?:position|revision|version):/.test(at);

export const isInstant = (at: string): boolean => !isCounted(at);

const streamOf = ({ organizationId, workspaceId, apiKeyId }: Counted): string | undefined => {
  if (workspaceId !== undefined) {
    return streams.workspace(workspaceId);
  }
  if (organizationId !== undefined) {
    return streams.organization(organizationId);
  }
  return apiKeyId === undefined ? undefined : streams.api_key(apiKeyId);
};

const refused = (message: string): Error => invalid([detail('at', 'OUT_OF_RANGE', message)]);

export async function positionOfRevision(past: Past, counted: Counted, revision: bigint): Promise<Position> {
  const stream = streamOf(counted);
  const position = stream === undefined ? undefined : await past.positionOf(stream, revision);
  if (position === undefined) {
    throw refused('No such revision here');
  }
  return position;
}

/** Where in the log a moment is. */
export async function positionOf(
  at: string,
  deps: { readonly reader: Reader; readonly past: Past },
  counted: Counted,
): Promise<Position> {
  const [kind, number] = isCounted(at) ? at.split(':', 2) : ['instant', '0'];
  switch (kind) {
    case 'position':
      return BigInt(number ?? 0);
    case 'revision':
      return positionOfRevision(deps.past, counted, BigInt(number ?? 0));
    case 'version': {
      const { workspaceId } = counted;
      const version =
        workspaceId && (await deps.reader.get('versions', versionId(workspaceId, Number(number))));
      if (!version) {
        throw refused('No such version here');
      }
      return positionOfRevision(deps.past, counted, BigInt(version.source_revision));
    }
    default: {
      const instant = Date.parse(at);
      if (Number.isNaN(instant)) {
        throw refused('No such instant');
      }
      return positionAt(deps.reader, timestamp(instant));
    }
  }
}
