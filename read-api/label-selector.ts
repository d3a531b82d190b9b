// SPDX-License-Identifier: Apache-2.0
/** `env=production,region=us-east` → pairs; the schema has checked the form. */
const pairs = (selector: string): [string, string][] =>
  selector.split(',').map((term) => {
    const at = term.indexOf('=');
    return [term.slice(0, at), term.slice(at + 1)];
  });

/** Whether every pair of the selector is among the labels. */
export function labelMatcher(selector: string): (labels: Readonly<Record<string, string>>) => boolean {
  const wanted = pairs(selector);
  return (labels) => wanted.every(([key, value]) => labels[key] === value);
}
