import { type Context, Router } from 'zeromq';
import { z85Encode } from './z85.js';

/** Says whether a CURVE public key (Z85) may connect now. */
export type Admits = (publicKey: string) => boolean;

/**
 * ZeroMQ's authentication protocol (ZeroMQ RFC 27): libzmq asks this handler about every CURVE handshake in its
 * context, by domain. Fails closed: an unknown domain, mechanism or malformed question is a no.
 * It must be running before the first socket binds, or libzmq lets everybody in.
 */
export class ZapHandler {
  readonly #domains = new Map<string, Admits>();
  readonly #socket: Router;

  private constructor(context: Context) {
    this.#socket = new Router({ context, linger: 0 });
  }

  static start(context: Context): ZapHandler {
    const handler = new ZapHandler(context);
    handler.#socket.bindSync('inproc://zeromq.zap.01');
    void handler.#serve();
    return handler;
  }

  admit(domain: string, admits: Admits): void {
    this.#domains.set(domain, admits);
  }

  close(): void {
    this.#socket.close();
  }

  async #serve(): Promise<void> {
    for (;;) {
      try {
        const frames = await this.#socket.receive();
        const answer = zapAnswer(frames, (domain, key) => this.#domains.get(domain)?.(key) ?? false);
        if (answer !== null) await this.#socket.send(answer);
      } catch (error) {
        if (this.#socket.closed) return;
        throw error;
      }
    }
  }
}

/** The reply to one ZAP request, routing frames included; null when there is nothing to reply to. */
export function zapAnswer(
  frames: Buffer[],
  admits: (domain: string, publicKey: string) => boolean,
): (Buffer | string)[] | null {
  const delimiter = frames.findIndex((frame) => frame.length === 0);
  if (delimiter < 0) return null;
  const [version, requestId, domain, , , mechanism, key] = frames.slice(delimiter + 1);
  if (version === undefined || requestId === undefined) return null;
  const ok =
    version.toString() === '1.0' &&
    mechanism?.toString() === 'CURVE' &&
    key?.length === 32 &&
    admits(String(domain), z85Encode(key));
  const [code, text] = ok ? ['200', 'OK'] : ['400', 'not admitted'];
  return [...frames.slice(0, delimiter + 1), version, requestId, code, text, '', ''];
}
