/** Z85 (ZeroMQ RFC 32): the text form of CURVE keys, 32 bytes as 40 characters. */
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
const KEY = /^[0-9a-zA-Z.:+=^!/*?&<>()[\]{}@%$#-]{40}$/;

/** Encodes bytes; their number must be a multiple of 4. */
export function z85Encode(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let offset = 0; offset < bytes.length; offset += 4) {
    const word = view.getUint32(offset);
    for (let power = 85 ** 4; power >= 1; power /= 85) text += ALPHABET[Math.floor(word / power) % 85];
  }
  return text;
}

/** Decodes a 32-byte key; null when the text is not a key. */
export function z85DecodeKey(text: string): Uint8Array | null {
  if (!KEY.test(text)) return null;
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  for (let group = 0; group < 8; group++) {
    let word = 0;
    for (let index = 0; index < 5; index++) {
      word = word * 85 + ALPHABET.indexOf(text[group * 5 + index] ?? '');
    }
    if (word > 0xffffffff) return null;
    view.setUint32(group * 4, word);
  }
  return bytes;
}
