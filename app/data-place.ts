// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A database by its file or its data folder. What is not there yet is a folder, unless it is called as a file is. */
export function fileIn(place: string, name: string): string {
  const isFile = existsSync(place) ? !statSync(place).isDirectory() : place.endsWith('.db');
  return isFile ? place : join(place, name);
}

/** The same, to be made; its folder is made as `serve` makes one. */
export function newFileIn(place: string, name: string): string {
  const file = fileIn(place, name);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  return file;
}
