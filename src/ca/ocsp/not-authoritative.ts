/**
 * RFC 6960 §2.3: nobody here can sign such a response. A responder's certificate speaks for one issuer's certificates (§4.2.2.2) and a
 * response must have an answer for each that was asked about (§4.2.2.3): no client could verify one about two issuers. The key of
 * an issuer may be elsewhere, too.
 */
export class NotAuthoritative extends Error {
  override readonly name = 'NotAuthoritative';
}
