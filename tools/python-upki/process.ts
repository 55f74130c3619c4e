import { connects } from '../kit/connects.js';
import { NotReady, type ProcessOptions, RunningProcess } from '../kit/process.js';

/** Milliseconds until a program must serve: a Python CA first makes RSA keys of 4096 bits. */
const START_LIMIT = 120_000;

/** A program that runs until it is stopped. */
export interface Program {
  stop(): Promise<unknown>;
  /** All its output so far. */
  output(): string;
}

export interface ListeningOptions extends ProcessOptions {
  /** It serves once listeners on these ports of 127.0.0.1 accept connections. */
  ports: readonly number[];
  /** Output after which it will never serve, even if it does not end. */
  hopeless?: RegExp;
}

/** Starts a program and waits until it listens. @throws NotReady with the end of its output */
export async function startListening(
  command: string,
  args: readonly string[],
  { ports, hopeless, ...options }: ListeningOptions,
): Promise<Program> {
  const running = new RunningProcess(command, args, options);
  await running.whenAnswers(START_LIMIT, async () => {
    if (hopeless?.test(running.output())) throw new NotReady('reported that it cannot serve');
    for (const port of ports) await connects(port);
  });
  return { stop: () => running.stop(), output: () => running.output() };
}
