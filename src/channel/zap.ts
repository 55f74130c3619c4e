import { type Context, Router } from 'zeromq';
import { z85Encode } from './z85.js';

/** Decides whether a CURVE public key (Z85) may connect now. A rejected promise refuses it. */
type Admits = (publicKey: string) => boolean | Promise<boolean>;

/**
 * ZeroMQ's authentication protocol (ZAP, ZeroMQ RFC 27): libzmq asks this handler about every CURVE handshake in its
 * context, by domain. It refuses an unknown domain or mechanism and a malformed request.
 * It must be running before the first socket binds; without a handler libzmq admits everyone.
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
        const question = readZapRequest(await this.#socket.receive());
        if (question !== null) await this.#socket.send(zapReply(question, await this.#decide(question)));
      } catch (error) {
        if (this.#socket.closed) return;
        throw error;
      }
    }
  }

  async #decide({ domain, publicKey }: ZapRequest): Promise<boolean> {
    try {
      return publicKey !== null && ((await this.#domains.get(domain)?.(publicKey)) ?? false);
    } catch {
      return false;
    }
  }
}

interface ZapRequest {
  /** Routing frames, delimiter and version, which the reply repeats. */
  envelope: Buffer[];
  requestId: Buffer;
  domain: string;
  /** Z85; null unless the peer presented a key by CURVE. */
  publicKey: string | null;
}

/** Reads one request; null when it is too malformed for a reply. */
function readZapRequest(frames: Buffer[]): ZapRequest | null {
  const delimiter = frames.findIndex((frame) => frame.length === 0);
  if (delimiter < 0) return null;
  const [version, requestId, domain, , , mechanism, key] = frames.slice(delimiter + 1);
  if (version?.toString() !== '1.0' || requestId === undefined) return null;
  const shown = mechanism?.toString() === 'CURVE' && key?.length === 32;
  return {
    envelope: frames.slice(0, delimiter + 2),
    requestId,
    domain: String(domain),
    publicKey: shown ? z85Encode(key) : null,
  };
}

function zapReply({ envelope, requestId }: ZapRequest, ok: boolean): (Buffer | string)[] {
  const [code, text] = ok ? ['200', 'OK'] : ['400', 'not admitted'];
  return [...envelope, requestId, code, text, '', ''];
}
