import type { Duplex } from 'node:stream';
import { type NetError, netError } from '../errors.ts';
import { startTls, type TlsClientOptions, tlsFailure, type TlsInfo } from '../tls.ts';

/**
 * Puts TLS on a connected stream, as its client. Rejects with a NetError of phase `tls`, and the stream is destroyed
 * then.
 */
export function secureStream(
  raw: Duplex,
  options: TlsClientOptions,
  host: string,
  peer: string,
): Promise<{ readonly stream: Duplex; readonly tls: TlsInfo }> {
  return new Promise((resolve, reject) => {
    const fail = (error: NetError): void => {
      raw.destroy();
      reject(error);
    };
    try {
      const { socket, presented } = startTls(raw, options, host, peer, {
        established(tls) {
          socket.off('error', onError).off('close', onClose);
          raw.off('end', onClose);
          resolve({ stream: socket, tls });
        },
        refused: fail,
      });
      const cut = (cause?: unknown): NetError => {
        const reason = 'the peer ended the connection in the middle of it';
        return netError('TLS_PROTOCOL', { phase: 'tls', peer, details: { reason }, cause });
      };
      const onClose = (): void => fail(cut());
      const onError = (error: Error): void => {
        const place = { role: 'client' as const, peer, expected: options.serverName ?? host, certificate: presented() };
        fail(tlsFailure(error, place) ?? cut(error));
      };
      socket.on('error', onError).on('close', onClose);
      raw.once('end', onClose);
    } catch (error) {
      raw.destroy();
      reject(error as NetError);
    }
  });
}
