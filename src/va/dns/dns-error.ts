/** Why a DNS question got no usable answer. `nxdomain` is not among them: that is an answer. */
export type DnsFailure =
  | 'servfail' // RFC 1035 §4.1.1 RCODE 2
  | 'refused' // RCODE 5
  | 'rcode' // any other RCODE
  | 'timeout'
  | 'unreachable' // the network or the server's host said no
  | 'malformed' // what came is not a DNS message, or not within the limits we read
  | 'loop' // a CNAME chain that never ends
  | 'name'; // the name cannot be put into a question

/** The only error the DNS part throws. The message names the server and says what came of the question. */
export class DnsError extends Error {
  override readonly name = 'DnsError';
  constructor(
    readonly failure: DnsFailure,
    message: string,
  ) {
    super(message);
  }
}
