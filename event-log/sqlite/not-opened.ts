// SPDX-License-Identifier: Apache-2.0
/** Why a log was not opened: a closed list, so that the command line can name the remedy. */
export const REASONS = {
  NO_FOLDER: 'the data folder does not exist',
  NOT_A_DATABASE: 'the file is not an event log of NxMesh',
  WRONG_OWNER: 'the file belongs to another user',
  UNREADABLE: 'the file cannot be read',
  READ_ONLY: 'the file or its folder cannot be written',
  DISK_FULL: 'the disk is full',
  NEWER_SCHEMA: 'the log was written by a newer NxMesh',
  IN_USE: 'another process has the log open',
  MISSING: 'the log is gone, although its remembered head says that it held events',
  HEAD_MISSING: 'the remembered head is gone, although the log holds events',
  ROLLED_BACK: 'the log ends before its remembered head: its newest events are lost',
  DAMAGED: 'the stored bytes are not what was written',
  IO_ERROR: 'the disk reported an error',
} as const;

export type NotOpenedReason = keyof typeof REASONS;

/** The log was left as it stands and nothing was made in its place. */
export class LogNotOpened extends Error {
  readonly reason: NotOpenedReason;
  /** What it was opened with or stumbled over. */
  readonly path: string;
  readonly more: string;

  constructor(reason: NotOpenedReason, path: string, more = '', options?: ErrorOptions) {
    super(`${path}: ${REASONS[reason]}${more === '' ? '' : ` (${more})`}`, options);
    this.name = 'LogNotOpened';
    this.reason = reason;
    this.path = path;
    this.more = more;
  }
}
