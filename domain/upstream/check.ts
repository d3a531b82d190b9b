import { conflict, detail, type ErrorDetail, invalid } from '../../kernel/index.js';
import { checkServerAddress } from '../../nginx/index.js';
import type { Upstream } from '../../schemas/index.js';
import { problemDetail } from '../problem.js';
import type { WorkspaceState } from '../workspace/state.js';

/** What nginx refuses of an upstream, and what the workspace already has, as errors of its fields. */
export function checkUpstream(upstream: Upstream, state: WorkspaceState): void {
  const problems = [...serverProblems(upstream), ...healthCheckProblems(upstream)];
  if (problems.length > 0) {
    throw invalid(problems);
  }
  for (const other of state.upstreams.values()) {
    if (other.name === upstream.name && other.id !== upstream.id) {
      throw conflict('The name is taken', [detail('name', 'DUPLICATE', 'Another upstream has this name')]);
    }
  }
}

function serverProblems({ servers, algorithm }: Upstream): ErrorDetail[] {
  const problems = servers.flatMap(({ address }, index) =>
    problemDetail(`servers[${index}].address`, checkServerAddress(address)),
  );
  if (servers.length === 0) {
    problems.push(detail('servers', 'TOO_SHORT', 'An upstream needs at least one server'));
  } else if (servers.every(({ backup }) => backup)) {
    problems.push(
      detail('servers', 'INVALID_VALUE', 'An upstream needs at least one server that is not a backup'),
    );
  }
  if (algorithm === 'ip_hash') {
    servers.forEach(({ backup }, index) => {
      if (backup) {
        problems.push(
          detail(`servers[${index}].backup`, 'INVALID_VALUE', 'ip_hash does not allow backup servers'),
        );
      }
    });
  }
  return problems;
}

function healthCheckProblems({ health_check: check }: Upstream): ErrorDetail[] {
  const problems: ErrorDetail[] = [];
  if (check.timeout > check.interval) {
    problems.push(detail('health_check.timeout', 'OUT_OF_RANGE', 'Must not be longer than the interval'));
  }
  return problems;
}
