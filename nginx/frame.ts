import type { Capabilities } from './model.js';

/** Absolute paths on the agent's host, without control characters and none of `*?[` (nginx reads those as patterns). */
export interface FramePaths {
  readonly pid: string;
  readonly errorLog: string;
  /** Unix socket of the proof server; at most 107 bytes. */
  readonly proofSocket: string;
  /** An existing folder in which nginx makes its folders for bodies. */
  readonly tempDir: string;
  /** No access log when left out. */
  readonly accessLog?: string;
}

export interface FrameInput {
  /** `own`: the whole nginx.conf; `attach`: what one include line in the `http` block of a foreign one brings in. */
  readonly mode: 'own' | 'attach';
  readonly capabilities: Capabilities;
  /** Of the bundle: what the proof server answers. */
  readonly digest: string;
  readonly version: number | bigint;
  readonly paths: FramePaths;
  /** Absolute paths of the bundle's files, in the order of the bundle. */
  readonly files: readonly string[];
  readonly worker?: {
    /** `auto` when left out. */
    readonly processes?: number;
    /** 1,024 when left out. */
    readonly connections?: number;
    /** Seconds that an old worker may take to end its connections; without limit when left out. */
    readonly shutdownTimeout?: number;
  };
}

/**
 * What the agent writes around a bundle: process settings, includes and the proof server. Not part of the digest.
 * Over the proof socket `GET /.nxmesh/proof` answers `<digest> <pid of the worker>` as text/plain, and
 * `GET /.nxmesh/status` nginx's stub_status where the module is there. Throws on a path that cannot be written.
 */
export function renderFrame(_input: FrameInput): string {
  return '';
}
