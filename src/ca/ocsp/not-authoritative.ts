/**
 * RFC 6960 §2.3: no responder here can sign the response. A responder's certificate is valid for one issuer
 * only (§4.2.2.2), and a response must answer every question of the request (§4.2.2.3), so a request about
 * two issuers cannot be answered. Nor can one about an issuer whose key is not at this CA.
 */
export class NotAuthoritative extends Error {
  override readonly name = 'NotAuthoritative';
}
