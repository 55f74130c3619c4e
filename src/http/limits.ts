/** The resources of the server that one peer may use. Times in milliseconds, sizes in bytes. */
export interface HttpLimits {
  /** Largest request body; a route may allow less. */
  body: number;
  /** All header fields of a request together. */
  headers: number;
  /** TLS handshake. */
  handshakeTime: number;
  /** From the first byte of a request (or the handshake) to the end of its headers. */
  headersTime: number;
  /** From the first byte of a request to its last. */
  requestTime: number;
  /** Between two requests of a connection. */
  keepAliveTime: number;
  /** Silence on a connection, also while an answer is being made. */
  idleTime: number;
  /** How often the times above are enforced. */
  checkInterval: number;
  /** Open connections. */
  connections: number;
  /**
   * Requests in progress, and the lower limit for those that start an account or an order (see admission.ts).
   */
  requests: number;
  beginnings: number;
  /** Time after `close` until requests in progress are cut off. */
  closeGrace: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  // A CSR with a hundred names and an RSA key is below 12 KiB; base64url twice makes 21 KiB of it.
  body: 64 * 1024,
  // Node's own default; a client certificate does not travel in headers here.
  headers: 16 * 1024,
  handshakeTime: 10_000,
  headersTime: 10_000,
  requestTime: 30_000,
  // Longer than the poll interval of every common client, so that one TLS handshake serves a whole order.
  keepAliveTime: 65_000,
  idleTime: 120_000,
  checkInterval: 2_000,
  // Each idle TLS connection is about 40 KiB: 400 MiB at the most.
  connections: 10_000,
  // A request costs about 0.2 ms of one core: with this many the last is answered within a tenth of a second,
  // and a certificate, which takes six requests, within one second.
  requests: 512,
  beginnings: 128,
  // A finalize that waits for the CA is answered within the CA's time limit of 5 s.
  closeGrace: 6_000,
};
