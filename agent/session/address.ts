// SPDX-License-Identifier: Apache-2.0
import { SettingsError } from '../settings.js';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** As gRPC takes it: an IPv6 address in brackets. */
  readonly text: string;
}

/** Reads `host:port` and `[address]:port`. Throws SettingsError. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port < 1 || port > 65_535) {
    throw new SettingsError(`gateway must be host:port: ${text}`);
  }
  return { host, port, text };
}
