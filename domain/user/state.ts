// SPDX-License-Identifier: Apache-2.0
/** What the log knows of a user; who it is stands in the vault. */
export interface UserState {
  /** Undefined before it is created and after it is erased. */
  user: UserFacts | undefined;
  erased: boolean;
  /** Of its newest fact; -1 when there is none. */
  revision: bigint;
}

export interface UserFacts {
  readonly id: string;
  readonly isAdmin: boolean;
  readonly disabled: boolean;
  readonly sessionVersion: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const initial = (): UserState => ({ user: undefined, erased: false, revision: -1n });
