import { createHash } from 'node:crypto';
import { serveAlpn } from '../kit/alpn-server.js';
import { alpnCertificate, httpServer } from '../kit/challenge-servers.js';
import { startDns } from '../kit/dns-server.js';
import { freePorts } from '../kit/upki.js';
import type { ChallengeType } from './promised-order.js';

export interface ChallengeAnswer {
  type: ChallengeType;
  /** The identifier's value, without `*.`. */
  name: string;
  token: string;
  keyAuthorization: string;
  /** How many attempts of a validator find nothing before the answer is there. */
  misses: number;
  /** How many validators of http-01 never get a response, before all others. */
  hangs?: number;
}

/** The names to prove: their DNS, and their web and TLS servers on loopback. */
export interface Network {
  /** Settings that make a uPKI validate against this network. */
  env: Record<string, string>;
  put(answer: ChallengeAnswer): void;
  close(): Promise<void>;
}

/** CAA (RFC 8659) forbids everyone to issue below this name. */
export const FORBIDDEN_DOMAIN = 'forbidden.crash.test';

export async function startNetwork(): Promise<Network> {
  const byToken = new Map<string, ChallengeAnswer>();
  const byName = new Map<string, ChallengeAnswer[]>();
  const found = (answer: ChallengeAnswer | undefined): ChallengeAnswer | null => {
    if (!answer) return null;
    if (answer.misses === 0) return answer;
    answer.misses--;
    return null;
  };

  const web = await httpServer((request, response) => {
    const put = byToken.get(request.url?.split('/').at(-1) ?? '');
    if (put?.hangs) {
      put.hangs--;
      return;
    }
    const answer = found(put);
    response.writeHead(answer ? 200 : 404).end(answer?.keyAuthorization);
  });
  const [tlsPort = 0] = await freePorts(1);
  const closeAlpn = await serveAlpn(tlsPort, async (name) => {
    const answer = found(byName.get(name)?.at(-1));
    if (!answer) throw new Error(`nothing for ${name}`);
    return alpnCertificate({ names: [name], keyAuthorization: answer.keyAuthorization });
  });
  const dns = await startDns({
    [`CAA ${FORBIDDEN_DOMAIN}`]: { records: [{ caa: { flags: 0, tag: 'issue', value: ';' } }] },
  });
  const texts = (name: string) => ({
    records: (byName.get(name) ?? []).flatMap((answer) => (found(answer) ? [{ txt: [digest(answer)] }] : [])),
  });

  return {
    env: {
      UPKI_VA_HTTP_PORT: String(web.port),
      UPKI_VA_TLS_PORT: String(tlsPort),
      UPKI_VA_RESOLVERS: `${dns.host}:${dns.port}`,
    },
    put(answer) {
      const { name, token } = answer;
      // A client that returns may publish it again; the attempts already missed stay missed.
      if (byToken.has(token)) return;
      if (!byName.has(name)) {
        dns.set(`A ${name}`, { records: [{ a: '127.0.0.1' }] });
        dns.set(`TXT _acme-challenge.${name}`, () => texts(name));
      }
      // Names repeat; answers older than a name and its wildcard are no longer requested.
      byName.set(name, [...(byName.get(name) ?? []).slice(-1), answer]);
      byToken.set(token, answer);
    },
    async close() {
      await Promise.all([web.close(), closeAlpn(), dns.close()]);
    },
  };
}

function digest({ keyAuthorization }: ChallengeAnswer): string {
  return createHash('sha256').update(keyAuthorization).digest('base64url');
}
