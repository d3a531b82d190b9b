// SPDX-License-Identifier: Apache-2.0
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { connect as connectTls } from 'node:tls';

export type TlsClient = ReturnType<typeof tlsClient>;

/** Asks a port of the loopback as browsers do: by name, trusting one authority. */
export function tlsClient(port: number, ca: string) {
  /** Fingerprint of the certificate that is shown for a name, when it is the right one for it; or why there is none. */
  const shown = (servername: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({ port, host: '127.0.0.1', servername, ca }, () => {
        resolve(socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase());
        socket.end();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });

  const get1 = (name: string, path: string): Promise<[number | undefined, string, string]> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, servername: name, ca };
      request({ ...options, headers: { Host: `${name}:${port}` } }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += String(chunk);
        });
        response.on('end', () => resolve([response.statusCode, response.httpVersion, text]));
      })
        .on('error', reject)
        .end();
    });

  const get2 = (name: string, path: string): Promise<[number | undefined, string]> =>
    new Promise((resolve, reject) => {
      const client = connectHttp2(`https://127.0.0.1:${port}`, { servername: name, ca });
      client.on('error', reject);
      const stream = client.request({ ':path': path, ':authority': `${name}:${port}` });
      let status: number | undefined;
      let text = '';
      stream.on('response', (headers) => {
        status = headers[':status'];
      });
      stream.on('data', (chunk: Buffer) => {
        text += String(chunk);
      });
      stream.on('error', reject);
      stream.on('end', () => {
        client.close();
        resolve([status, text]);
      });
    });

  return { shown, get1, get2 };
}
