import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EstWorld } from './est-world.js';

const est = new EstWorld();
beforeAll(() => est.start());
afterAll(() => est.close());

describe('RFC 7030 cacerts and csrattrs', () => {
  it.each(['cacerts', 'webapp/cacerts'])('%s: roots and issuers, certs-only', async (path) => {
    const { status, head, body } = await est.curl(path);
    expect(status).toBe(200);
    expect(head).toContain('content-type: application/pkcs7-mime');
    const subjects = (await est.certificatesIn(body)).map(({ fingerprint256 }) => fingerprint256);
    expect(subjects).toContain(new X509Certificate(est.ra.root).fingerprint256);
    expect(new Set(subjects).size).toBe(subjects.length);
  });

  it('csrattrs recommends the key of the profile, and is 404 for an unknown profile', async () => {
    const { status, head, body } = await est.curl('server/csrattrs');
    expect({ status, type: head.includes('application/csrattrs') }).toEqual({ status: 200, type: true });
    await est.write('attrs.der', Buffer.from(body, 'base64'));
    const { stdout } = await est.openssl('asn1parse', '-inform', 'DER', '-in', 'attrs.der');
    expect(stdout).toMatch(/id-ecPublicKey[\s\S]*prime256v1/);
    expect((await est.curl('csrattrs')).status).toBe(200);
    expect((await est.curl('nope/csrattrs')).status).toBe(404);
  });
});
