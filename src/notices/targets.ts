import { createHash } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import { errorMessage } from '../lib/error-message.js';
import type { QueuedNotice } from '../store/contract/notices.js';
import type { Message } from './message.js';

export interface Sender {
  /** The target's key in the queue. */
  key: string;
  /** A name for logs, without secrets. */
  label: string;
  /** What several senders may share: one that is silent delays all of them. */
  server: string;
  /**
   * Rejects when the receiver does not accept it.
   * @param stop ends the attempt
   * @throws ServerSilent
   */
  send(notice: Pick<QueuedNotice, 'id' | 'createdAt'>, message: Message, stop?: AbortSignal): Promise<void>;
  close?(): void;
}

/** The server of a target gave no answer. */
export class ServerSilent extends Error {
  override readonly name = 'ServerSilent';
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
    server: target.origin,
    async send({ id, createdAt }, message, stop) {
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
      await post(target, headers, payload, root, timeLimit(TIME, stop));
    },
  };
}

/** Aborts after so many ms, or with `stop`. Not AbortSignal.any: a collection of garbage loses the signal of a timeout (Node 20). */
export function timeLimit(milliseconds: number, stop?: AbortSignal): AbortSignal {
  const limit = new AbortController();
  const end = () => limit.abort(stop?.reason);
  const timer = setTimeout(() => {
    stop?.removeEventListener('abort', end);
    limit.abort(new DOMException('the time is over', 'TimeoutError'));
  }, milliseconds);
  timer.unref();
  if (stop?.aborted) end();
  else stop?.addEventListener('abort', end, { once: true });
  return limit.signal;
}

/** The public roots, and this PKI's root. */
export const trusted = (root: string | null) => [...rootCertificates, ...(root === null ? [] : [root])];

/** The reason why an attempt failed. @param signal of `timeLimit` */
export function reasonOf(error: unknown, { aborted, reason }: AbortSignal): string {
  if (!aborted) return errorMessage(error);
  return reason instanceof Error && reason.name === 'TimeoutError' ? 'it timed out' : errorMessage(reason);
}

/** A hash, because the URL itself may be a secret. */
function webhookKey(url: string): string {
  return `webhook:${createHash('sha256').update(url).digest('base64url').slice(0, 22)}`;
}

function post(
  url: URL,
  headers: Record<string, string | number>,
  payload: string,
  root: string | null,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, signal };
    const request =
      url.protocol === 'https:'
        ? tlsRequest(url, { ...options, ca: trusted(root) })
        : plainRequest(url, options);
    request.on('error', (error) => reject(new ServerSilent(reasonOf(error, signal), { cause: error })));
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
