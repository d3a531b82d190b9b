import { sha256 } from '../kernel/index.js';
import type { Model } from './compiled.js';
import type { Bundle, Capabilities, Provenance } from './model.js';

/** Renders a model for one nginx. Throws RenderRefused when that nginx cannot serve it. */
export function render(_model: Model, _capabilities: Capabilities): Bundle {
  return { digest: sha256(''), files: [] };
}

/** Where a line (from 1) of a rendered file comes from; undefined when there is no such line. */
export function explain(
  _model: Model,
  _capabilities: Capabilities,
  _path: string,
  _line: number,
): Provenance | undefined {
  return undefined;
}
