// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from '../nginx/index.js';

const MAX_BUNDLES = 64;

/** Bundles used last. Versions share the files that they have in common, so that a bundle more costs a list. */
export function shelf(): { put(bundle: Bundle): void; get(digest: string): Bundle | undefined } {
  const bundles = new Map<string, Bundle>();
  const put = (bundle: Bundle): void => {
    bundles.delete(bundle.digest);
    bundles.set(bundle.digest, bundle);
    if (bundles.size > MAX_BUNDLES) {
      const oldest = bundles.keys().next();
      bundles.delete(oldest.value ?? '');
    }
  };
  return {
    put,
    get: (digest) => {
      const bundle = bundles.get(digest);
      if (bundle) {
        put(bundle);
      }
      return bundle;
    },
  };
}
