import { isLoopback } from '../lib/loopback.js';
import { reasonOf, type Sender, ServerSilent, timeLimit, trusted } from './targets.js';

/** Time limit of each step of an attempt, and of the whole attempt, in ms. The latter is shorter than the lease of a notice. */
const STEP_TIME = 15_000;
const TIME = 45_000;

/**
 * A password is sent over TLS only, except on this machine: who removes STARTTLS from the server's answer would read it.
 * @param url of the mail server; its parameter `from` is the sender's address
 */
export async function mailer(
  url: string,
  ra: string,
  root: string | null,
): Promise<(address: string) => Sender> {
  const { createTransport } = await import('nodemailer');
  const server = new URL(url);
  const from = server.searchParams.get('from') ?? `upki@${ra}`;
  const isSecure = server.protocol === 'smtps:';
  const host = server.hostname.replace(/^\[|\]$/g, '');
  const transport = createTransport({
    host,
    port: Number(server.port || (isSecure ? 465 : 587)),
    secure: isSecure,
    ...(server.username && {
      auth: { user: decodeURIComponent(server.username), pass: decodeURIComponent(server.password) },
      requireTLS: !isLoopback(host),
    }),
    connectionTimeout: STEP_TIME,
    greetingTimeout: STEP_TIME,
    socketTimeout: STEP_TIME,
    tls: { ca: trusted(root) },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return (address) => ({
    key: `mailto:${address}`,
    label: `mailto:${address}`,
    server: server.host,
    async send({ id, createdAt }, { subject, text }, stop) {
      const signal = timeLimit(TIME, stop);
      const mail = {
        from,
        to: address,
        // An object, so that an address is never parsed as a list of several.
        envelope: { from, to: [address] },
        subject,
        text,
        date: new Date(createdAt),
        messageId: `<${id}@${from.split('@').at(-1)}>`,
        headers: { 'auto-submitted': 'auto-generated', 'x-upki-notice': id },
        signal,
      };
      try {
        await transport.sendMail(mail);
      } catch (error) {
        if (isAnswer(error)) throw error;
        throw new ServerSilent(reasonOf(error, signal), { cause: error });
      }
    },
    close: () => transport.close(),
  });
}

/** Whether an error is a reply of the mail server (RFC 5321 §4.2). */
const isAnswer = (error: unknown): boolean =>
  error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number';
