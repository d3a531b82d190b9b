// SPDX-License-Identifier: Apache-2.0

/** Quality of the range that fits a media type best; undefined when none fits. */
function qualityOf(accept: string, type: string): number | undefined {
  const group = `${type.split('/')[0]}/*`;
  let best = -1;
  let quality: number | undefined;
  for (const part of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = part.split(';').map((one) => one.trim());
    const closeness = [`*/*`, group, type].indexOf(range);
    if (closeness > best) {
      best = closeness;
      const given = parameters.find((one) => one.startsWith('q='));
      quality = given === undefined ? 1 : Number(given.slice(2)) || 0;
    }
  }
  return quality;
}

const PROBLEM = 'application/problem+json';
const JSON_TYPE = 'application/json';

/** Whether the caller's `Accept` leaves room for this type; one that names the type of problems takes JSON too. */
export function accepts(accept: string | undefined, type: string): boolean {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === type) {
    return true;
  }
  const quality = qualityOf(accept, type);
  return quality === undefined ? type === JSON_TYPE && wantsProblem(accept) : quality > 0;
}

/** Whether errors are to be told as RFC 9457 has it: the caller names the type. */
export const wantsProblem = (accept: string | undefined): boolean =>
  accept?.toLowerCase().includes(PROBLEM) === true && (qualityOf(accept, PROBLEM) ?? 0) > 0;

/** `text/html; charset=utf-8` → `text/html`. */
export const mediaType = (contentType: string): string => contentType.split(';')[0] ?? contentType;
