import { type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';

interface Exchange extends RequestOptions {
  tls: boolean;
  /** Time for everything, in ms. */
  timeLimit: number;
  body?: string | undefined;
  /** Limit of the answer's body in octets. */
  maxOctets?: number;
  /** PEM of the roots to trust, and whether the server's certificate must be valid. */
  ca?: string | Buffer;
  rejectUnauthorized?: boolean;
}

interface Answer {
  status: number;
  /** The Content-Type. */
  type: string;
  content: Buffer;
}

/** Sends one request on a connection of its own and reads the whole answer. @throws Error of the connection */
export function exchange({
  tls,
  timeLimit,
  body,
  maxOctets = Number.POSITIVE_INFINITY,
  ...options
}: Exchange): Promise<Answer> {
  const request = tls ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeLimit);
    const asked = request({ ...options, agent: false, signal }, async (answer) => {
      try {
        const chunks: Buffer[] = [];
        let octets = 0;
        for await (const chunk of answer) {
          octets += chunk.length;
          if (octets > maxOctets) throw new Error(`the answer is longer than ${maxOctets} octets`);
          chunks.push(chunk);
        }
        const { statusCode: status = 0, headers } = answer;
        resolve({ status, type: headers['content-type'] ?? '', content: Buffer.concat(chunks) });
      } catch (error) {
        reject(error);
      }
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
