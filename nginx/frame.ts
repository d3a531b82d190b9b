// SPDX-License-Identifier: Apache-2.0
import { supports } from './capabilities.js';
import { type FrameDirectiveName, frameRuleOf } from './frame-grammar.js';
import { LOG_FORMAT, logFormat } from './log-format.js';
import type { Capabilities } from './model.js';
import { renderTree } from './renderer.js';
import { type Arg, type Directive, int, name, param, quantity, text, word } from './tree.js';

type FrameDirective = Directive<FrameDirectiveName>;

/** Absolute paths on the agent's host, without control characters and none of `*?[` (nginx reads those as patterns). */
interface FramePaths {
  readonly pid: string;
  readonly errorLog: string;
  /** Unix socket of the proof server; at most 107 bytes. */
  readonly proofSocket: string;
  /** An existing folder in which nginx makes its folders for bodies. */
  readonly tempDir: string;
  /** One JSON object a request (`LogFields`). Left out: none in an own frame, the foreign one's own in an attached. */
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

const path = (local: string): Arg => ({ kind: 'local-path', path: local });

/** Folders that nginx makes for what does not fit into memory; one level, so that it needs nothing but `tempDir`. */
const TEMP_PATHS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'] as const;

const includes = (files: readonly string[]): readonly FrameDirective[] =>
  files.map((file) => ({ name: 'include', args: [path(file)] }));

const processSettings = ({ paths, worker = {} }: FrameInput): readonly FrameDirective[] => [
  { name: 'worker_processes', args: [worker.processes === undefined ? word('auto') : int(worker.processes)] },
  ...(worker.shutdownTimeout === undefined
    ? []
    : [{ name: 'worker_shutdown_timeout', args: [quantity(worker.shutdownTimeout, 's')] } as const]),
  { name: 'pid', args: [path(paths.pid)] },
  { name: 'error_log', args: [path(paths.errorLog), word('notice')] },
  {
    name: 'events',
    args: [],
    block: [{ name: 'worker_connections', args: [int(worker.connections ?? 1024)] }],
  },
];

const httpSettings = ({ tempDir, accessLog }: FramePaths): readonly FrameDirective[] => [
  ...TEMP_PATHS.map(
    (kind): FrameDirective => ({ name: `${kind}_temp_path`, args: [path(`${tempDir}/${kind}`)] }),
  ),
  ...(accessLog === undefined
    ? [{ name: 'access_log', args: [word('off')] } as const]
    : accessLogTo(accessLog)),
];

/** Buffered, so that a request costs no write; flushed each second, so that nobody waits for the buffer to fill. */
function accessLogTo(file: string): readonly FrameDirective[] {
  return [
    { name: 'log_format', args: [name(LOG_FORMAT), word('escape=json'), logFormat] },
    {
      name: 'access_log',
      args: [path(file), name(LOG_FORMAT), param('buffer', 32, 'k'), param('flush', 1, 's')],
    },
  ];
}

function proofServer({ capabilities, digest, version, paths }: FrameInput): FrameDirective {
  const location = (name: string, ...block: readonly FrameDirective[]): FrameDirective => ({
    name: 'location',
    args: [word('='), { kind: 'url-path', path: `/.nxmesh/${name}` }],
    block: [{ name: 'access_log', args: [word('off')] }, ...block],
  });
  return {
    name: 'server',
    args: [],
    block: [
      { name: 'listen', args: [{ kind: 'unix-socket', path: paths.proofSocket }] },
      { name: 'server_name', args: [{ kind: 'server-name', name: '' }] },
      location(
        'proof',
        { name: 'default_type', args: [{ kind: 'media-type', type: 'text/plain' }] },
        {
          name: 'add_header',
          args: [{ kind: 'header-name', name: 'X-NxMesh-Version' }, text(String(version))],
        },
        { name: 'return', args: [int(200), text(`${digest} `, { variable: 'pid' })] },
      ),
      ...(supports(capabilities, 'stub_status')
        ? [location('status', { name: 'stub_status', args: [] })]
        : []),
      {
        name: 'location',
        args: [{ kind: 'url-path', path: '/' }],
        block: [
          { name: 'access_log', args: [word('off')] },
          { name: 'return', args: [int(404)] },
        ],
      },
    ],
  };
}

/**
 * What the agent writes around a bundle: process settings, includes and the proof server. Not part of the digest.
 * Over the proof socket `GET /.nxmesh/proof` answers `<digest> <pid of the worker>` as text/plain, and
 * `GET /.nxmesh/status` nginx's stub_status where the module is there.
 * Throws RenderRefused on a path that cannot be written.
 */
export function renderFrame(input: FrameInput): string {
  const { accessLog } = input.paths;
  const inHttp = [...includes(input.files), proofServer(input)];
  const tree: readonly FrameDirective[] =
    input.mode === 'attach'
      ? [...(accessLog === undefined ? [] : accessLogTo(accessLog)), ...inHttp]
      : [
          ...processSettings(input),
          { name: 'http', args: [], block: [...httpSettings(input.paths), ...inHttp] },
        ];
  return renderTree(tree, { context: input.mode === 'attach' ? 'http' : 'main', rules: frameRuleOf });
}
