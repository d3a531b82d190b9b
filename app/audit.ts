// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { auditKeyId, exportVerifier, type HeaderLine, type Verdict } from '../domain/index.js';
import { BadSetting } from './bad-setting.js';

async function* linesOf(path: string): AsyncGenerator<string> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line !== '') {
      yield line;
    }
  }
}

/** The key that the export names: good against chance, not against whoever could write the whole file anew. */
function namedKey(first: string): KeyObject {
  try {
    return createPublicKey((JSON.parse(first) as HeaderLine).public_key);
  } catch {
    throw new BadSetting('it is not an export of the audit');
  }
}

function trustedKey(file: string): KeyObject {
  const text = readFileSync(file);
  try {
    return createPublicKey(text);
  } catch {
    throw new BadSetting(`${file}: is no public key in PEM`);
  }
}

export async function verifyExport(
  path: string,
  keyFile: string | undefined,
): Promise<{ verdict: Verdict; keyId: string }> {
  let verifier: ReturnType<typeof exportVerifier> | undefined;
  let keyId = '';
  for await (const text of linesOf(path)) {
    if (!verifier) {
      const key = keyFile === undefined ? namedKey(text) : trustedKey(keyFile);
      keyId = auditKeyId(key);
      verifier = exportVerifier(key);
    }
    if (verifier.line(text)) {
      break;
    }
  }
  return { verdict: verifier?.end() ?? { ok: false, line: 0, why: 'it is empty' }, keyId };
}

const verify = new Command('verify')
  .argument('<export>', 'what GET /v1/audit/export gave; - for standard input')
  .option('--key <file>', 'the public key that you trust (PEM, from GET /v1/audit/key)')
  .description(
    'check every record, hash and signature offline; names the first that was altered and ends with 1',
  )
  .action(async (path: string, { key }: { key?: string }) => {
    const { verdict, keyId } = await verifyExport(path, key);
    console.log(JSON.stringify({ ...verdict, key_id: keyId, key_trusted: key !== undefined }, null, 2));
    if (key === undefined) {
      console.error(
        'nxmesh: the key is the one that the export itself names; give the one that you trust with --key',
      );
    }
    process.exitCode = verdict.ok ? 0 : 1;
  });

export const auditCommand = (): Command =>
  new Command('audit').description('what was done, and the proof of it').addCommand(verify);
