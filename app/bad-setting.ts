// SPDX-License-Identifier: Apache-2.0
/** A setting that cannot be used; says which and why. */
export class BadSetting extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadSetting';
  }
}
