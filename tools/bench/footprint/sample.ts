import { X509Certificate } from 'node:crypto';
import { AcmeClient } from '../../kit/acme-client.js';
import { createCsr } from '../../kit/csr.js';
import { startTestDns } from '../../kit/dns-hooks.js';
import { startUpki } from '../../kit/upki.js';
import { startResponder } from '../driver/responder.js';

/** A certificate issued with all default settings, for one name and a P-256 key. */
export interface Sample {
  name: string;
  /** DER. */
  csr: Buffer;
  leaf: Buffer;
  /** PEM, leaf first, as clients download it. */
  chain: string;
}

/** Obtains one by http-01 from a fresh `upki start`. */
export async function obtainSample(): Promise<Sample> {
  const dns = await startTestDns();
  const responder = await startResponder(0);
  const upki = await startUpki({
    env: { UPKI_VA_RESOLVERS: dns.address, UPKI_VA_HTTP_PORT: String(responder.port) },
  });
  try {
    const client = new AcmeClient({ directoryUrl: upki.directoryUrl, ca: upki.rootPem });
    await client.newAccount();
    const name = 'host-000000.site.example.internal';
    const { der: csr } = createCsr([name]);
    const { chain } = await client.issue({
      names: [name],
      csr,
      solve: async ({ token, keyAuthorization }) => responder.set(token, keyAuthorization),
    });
    client.close();
    return { name, csr, chain, leaf: new X509Certificate(chain).raw };
  } finally {
    await upki.stop();
    await responder.close();
    await dns.close();
  }
}
