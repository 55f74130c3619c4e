import type { Socket } from 'node:net';
import type { Deadline } from '../deadline.js';
import { HttpError, ResponseReader } from './response-reader.js';

/** One GET over a connection of its own. @throws HttpError, or the socket's error; the caller destroys the socket */
export function exchange(
  socket: Socket,
  url: URL,
  userAgent: string,
  deadline: Deadline,
): Promise<ResponseReader> {
  return new Promise((resolve, reject) => {
    const reader = new ResponseReader();
    const settle = (error: unknown) => {
      deadline.forget(late);
      if (error === null) resolve(reader);
      else reject(error);
    };
    const late = () => settle(new HttpError('timed out'));
    const attempt = (read: () => boolean) => {
      try {
        if (read()) settle(null);
      } catch (error) {
        settle(error);
      }
    };
    socket.on('data', (chunk: Buffer) => attempt(() => reader.push(chunk)));
    socket.once('end', () =>
      attempt(() => {
        reader.end();
        return true;
      }),
    );
    socket.on('error', (error) => settle(reader.endsBroken() ? null : error));
    socket.once('close', () =>
      settle(
        reader.endsBroken() ? null : new HttpError('closed the connection before the end of its answer'),
      ),
    );
    if (deadline.isOver) return late();
    deadline.whenOver(late);
    const fields = [
      `GET ${url.pathname}${url.search} HTTP/1.1`,
      `Host: ${url.host}`,
      `User-Agent: ${userAgent}`,
      'Accept: */*',
      // Without it any encoding would be acceptable (RFC 9110 §12.5.3).
      'Accept-Encoding: identity',
      'Connection: close',
    ];
    socket.write(`${fields.join('\r\n')}\r\n\r\n`);
  });
}
