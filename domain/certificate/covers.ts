// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a certificate with these names (lower case) is good for a name of a virtual host, as browsers see it: a
 * wildcard stands for exactly one label. `*.example.com` needs the same wildcard; `www.example.*` would need a
 * certificate for every top-level domain and is never covered.
 */
export function covers(names: readonly string[], name: string): boolean {
  const wanted = name.startsWith('[') ? name.slice(1, -1) : name;
  if (names.includes(wanted)) {
    return true;
  }
  const dot = wanted.indexOf('.');
  // An address has no labels that a wildcard could stand for.
  const isAddress = wanted.includes(':') || /^[0-9.]+$/.test(wanted);
  return dot > 0 && !isAddress && names.includes(`*${wanted.slice(dot)}`);
}
