// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One process of an nginx, as `/proc` shows it. */
export interface NginxProcess {
  readonly pid: number;
  readonly parent: number;
  /** What nginx calls itself: `nginx: master process /usr/sbin/nginx -p …`, `nginx: worker process`. */
  readonly title: string;
  /** Folder it was started in; empty where we may not see it. */
  readonly folder: string;
}

/** Looks at the machine's processes. Passed in, so that a simulation can have its own. */
export interface Processes {
  /** All that call themselves nginx. */
  list(): readonly NginxProcess[];
  find(pid: number): NginxProcess | undefined;
  /** Process ids of its children. */
  children(pid: number): readonly number[];
  /** Throws Node's error (`EPERM`) when the process is not ours to signal; a process that is gone is no error. */
  signal(pid: number, name: NodeJS.Signals): void;
}

export const systemProcesses: Processes = {
  list,
  find: inspect,
  children: (pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
      return text.split(' ').filter(Boolean).map(Number);
    } catch {
      // A kernel without CONFIG_PROC_CHILDREN: look at everybody.
      return list()
        .filter(({ parent }) => parent === pid)
        .map((child) => child.pid);
    }
  },
  signal: (pid, name) => {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        throw error;
      }
    }
  },
};

export const isMaster = (process: NginxProcess): boolean => process.title.startsWith('nginx: master process');

function list(): readonly NginxProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => inspect(Number(name)))
    .filter((found) => found !== undefined);
}

/** A zombie has an empty command line, so it is nobody's nginx. */
function inspect(pid: number): NginxProcess | undefined {
  try {
    const title = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      .replace(/[\0 ]+$/, '')
      .replaceAll('\0', ' ');
    if (!title.startsWith('nginx: ')) {
      return undefined;
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return { pid, parent, title, folder: folderOf(pid) };
  } catch {
    return undefined;
  }
}

function folderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
