import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authorization, crypto } from 'acme-client';
import { serveAlpn } from '../../kit/alpn-server.js';
import { serveWebRoot } from '../../kit/web-root.js';

/** The functions that acme-client calls to have a challenge answered. */
type Answer = (
  authorization: Authorization,
  challenge: { type: string; token: string },
  keyAuthorization: string,
) => Promise<void>;

/** Publishes answers to challenges and removes them. */
interface Answers {
  give: Answer;
  take: Answer;
  close(): Promise<void>;
}

interface Places {
  webRoot: string;
  port: number;
  control: string;
}

export async function answersBy(challenge: string, { webRoot, port, control }: Places): Promise<Answers> {
  switch (challenge) {
    case 'http-01':
      return {
        give: (_, { token }, keyAuthorization) => writeFile(join(webRoot, token), keyAuthorization),
        take: (_, { token }) => rm(join(webRoot, token)),
        close: await serveWebRoot(webRoot, port),
      };
    case 'tls-alpn-01':
      return byTls(port);
    case 'dns-01':
      return byDns(control);
    default:
      throw new Error(`${challenge} is not a known challenge`);
  }
}

async function byTls(port: number): Promise<Answers> {
  const certificates = new Map<string, { key: string; cert: string }>();
  const close = await serveAlpn(port, async (name) => {
    const certificate = certificates.get(name);
    if (!certificate) throw new Error(`nothing to prove for ${name}`);
    return certificate;
  });
  return {
    async give(authorization, _, keyAuthorization) {
      const [key, cert] = await crypto.createAlpnCertificate(authorization, keyAuthorization);
      certificates.set(authorization.identifier.value, { key: key.toString(), cert: cert.toString() });
    },
    async take(authorization) {
      certificates.delete(authorization.identifier.value);
    },
    close,
  };
}

function byDns(control: string): Answers {
  const ask = async (action: string, { identifier }: Authorization, value: string) => {
    const query = new URLSearchParams({ name: `_acme-challenge.${identifier.value}`, value });
    const answer = await fetch(`${control}/${action}?${query}`);
    if (!answer.ok) throw new Error(`${control} answered ${answer.status}`);
  };
  return {
    give: (authorization, _, value) => ask('set', authorization, value),
    take: (authorization, _, value) => ask('clear', authorization, value),
    async close() {},
  };
}
