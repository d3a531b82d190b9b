// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { hostname, loadavg, networkInterfaces } from 'node:os';

/** Name and first address of this host that others may reach. */
export const hostName = hostname;

export function hostAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}

/** What the kernel has counted since it started. */
export interface Counted {
  /** Hundredths of a second of all processors together. */
  readonly busy: number;
  readonly total: number;
}

export function countedCpu(): Counted {
  const fields = read('/proc/stat').split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  const total = fields.reduce((sum, field) => sum + field, 0);
  return { total, busy: total - (fields[3] ?? 0) - (fields[4] ?? 0) };
}

export function memory(): { used: number; total: number } {
  const text = read('/proc/meminfo');
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1024;
  const total = bytes('MemTotal');
  return { used: total - bytes('MemAvailable'), total };
}

export function disk(path: string): { used: bigint; total: bigint } {
  if (!existsSync(path)) {
    return { used: 0n, total: 0n };
  }
  const { blocks, bavail, bsize } = statfsSync(path, { bigint: true });
  return { used: (blocks - bavail) * bsize, total: blocks * bsize };
}

export const load1m = (): number => loadavg()[0] ?? 0;

const TICKS_A_SECOND = 100;

/** Seconds since a process started; 0 when it is not there. */
export function processAge(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const started = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0) / TICKS_A_SECOND;
  const uptime = Number(read('/proc/uptime').split(' ')[0] ?? 0);
  return stat === '' ? 0 : Math.max(0, Math.round(uptime - started));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
