// SPDX-License-Identifier: Apache-2.0

const BAR_WIDTH = 40;

/** `[#######·········]  42 %` */
function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * BAR_WIDTH);
  const percent = String(Math.floor(Math.min(1, share) * 100)).padStart(3);
  return `[${'#'.repeat(full)}${'·'.repeat(BAR_WIDTH - full)}] ${percent} %`;
}

/** One line on a terminal that is written over again and again; nothing where nobody looks. */
export function progressLine(what: string): { show(looked: number, share: number): void; end(): void } {
  const write = (text: string): void => {
    if (process.stderr.isTTY) {
      process.stderr.write(text);
    }
  };
  return {
    show: (looked, share) => write(`\r${bar(share)} ${looked} ${what}`),
    end: () => write('\n'),
  };
}
