// SPDX-License-Identifier: Apache-2.0
/**
 * Names a step at which a test may kill the process. Production leaves it out (`noFailpoint`).
 */
export type Failpoint = (name: string) => void;

export const noFailpoint: Failpoint = () => undefined;

/** Dies as by `kill -9` at the step that this names (`NXMESH_FAILPOINT`); `name:2` means the second time it is passed. */
export function failpointFrom(setting: string | undefined): Failpoint {
  const [wanted, count] = (setting ?? '').split(':');
  if (!wanted) {
    return noFailpoint;
  }
  let left = Number(count ?? 1);
  return (name) => {
    if (name === wanted) {
      left -= 1;
      if (left === 0) {
        process.kill(process.pid, 'SIGKILL');
      }
    }
  };
}
