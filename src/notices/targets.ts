import { createHash } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { QueuedNotice } from '../store/contract/notices.js';
import type { Message } from './message.js';

export interface Sender {
  /** The target's key in the queue. */
  key: string;
  /** A name for logs, without secrets. */
  label: string;
  /** Rejects when the receiver does not accept it. */
  send(notice: Pick<QueuedNotice, 'id' | 'createdAt'>, message: Message): Promise<void>;
  close?(): void;
}

/** Timeout of one attempt, in ms. */
const TIME = 15_000;
/** Limit of octets read of an answer. */
const MOST_ANSWER = 64 * 1024;

/** @param secret in the form of Standard Webhooks, `whsec_…` @param root PEM of this PKI, trusted in addition to the public roots */
export function webhook(url: string, secret: string, root: string | null): Sender {
  const target = new URL(url);
  return {
    key: webhookKey(url),
    label: target.origin,
    async send({ id, createdAt }, message) {
      const { Webhook } = await import('standardwebhooks');
      const timestamp = new Date(createdAt).toISOString();
      const payload = JSON.stringify({
        type: message.type,
        timestamp,
        data: { ...message.data, subject: message.subject, text: message.text },
      });
      const now = new Date();
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
        'user-agent': 'upki',
        'webhook-id': id,
        'webhook-timestamp': Math.floor(now.getTime() / 1000),
        'webhook-signature': new Webhook(secret).sign(id, now, payload),
      };
      await post(target, headers, payload, root);
    },
  };
}

/** The public roots, and this PKI's root. */
const trusted = (root: string | null) => [...rootCertificates, ...(root === null ? [] : [root])];

/** A hash, because the URL itself may be a secret. */
function webhookKey(url: string): string {
  return `webhook:${createHash('sha256').update(url).digest('base64url').slice(0, 22)}`;
}

function post(
  url: URL,
  headers: Record<string, string | number>,
  payload: string,
  root: string | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, signal: AbortSignal.timeout(TIME) };
    const request =
      url.protocol === 'https:'
        ? tlsRequest(url, { ...options, ca: trusted(root) })
        : plainRequest(url, options);
    request.on('error', reject);
    request.once('response', (response) => {
      const { statusCode = 0 } = response;
      let read = 0;
      response.on('data', (chunk: Buffer) => {
        read += chunk.length;
        if (read > MOST_ANSWER) response.destroy();
      });
      // The status has decided already: an answer that never ends must not have the notice sent again.
      response.on('error', () => {});
      // Standard Webhooks: any 2xx status means accepted; redirects are not followed.
      if (statusCode >= 200 && statusCode < 300) resolve();
      else reject(new Error(`HTTP ${statusCode}`));
    });
    request.end(payload);
  });
}

/** @param url of the mail server; its parameter `from` is the sender's address */
export async function mailer(
  url: string,
  ra: string,
  root: string | null,
): Promise<(address: string) => Sender> {
  const { createTransport } = await import('nodemailer');
  const server = new URL(url);
  const from = server.searchParams.get('from') ?? `upki@${ra}`;
  const isSecure = server.protocol === 'smtps:';
  const transport = createTransport({
    host: server.hostname.replace(/^\[|\]$/g, ''),
    port: Number(server.port || (isSecure ? 465 : 587)),
    secure: isSecure,
    ...(server.username && {
      auth: { user: decodeURIComponent(server.username), pass: decodeURIComponent(server.password) },
    }),
    connectionTimeout: TIME,
    greetingTimeout: TIME,
    socketTimeout: TIME,
    tls: { ca: trusted(root) },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return (address) => ({
    key: `mailto:${address}`,
    label: `mailto:${address}`,
    async send({ id, createdAt }, { subject, text }) {
      await transport.sendMail({
        from,
        to: address,
        // An object, so that an address is never parsed as a list of several.
        envelope: { from, to: [address] },
        subject,
        text,
        date: new Date(createdAt),
        messageId: `<${id}@${from.split('@').at(-1)}>`,
        headers: { 'auto-submitted': 'auto-generated', 'x-upki-notice': id },
      });
    },
    close: () => transport.close(),
  });
}
