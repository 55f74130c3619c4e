import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { lastLines } from '../kit/command.js';

/** A program that runs until it is stopped. */
export interface Program {
  /** Ends it like Ctrl-C. */
  stop(): Promise<void>;
  /** All its output so far. */
  output(): string;
}

export interface ProgramOptions {
  name: string;
  command: string;
  args: string[];
  cwd: string;
  /** The whole environment except PATH. */
  env: Record<string, string>;
  log: string;
  /** It serves once a listener on this port of 127.0.0.1 accepts connections. */
  ports: number[];
  /** Milliseconds until it must serve: a Python CA first makes RSA keys of 4096 bits. */
  timeout?: number;
  /** Output after which it will never serve, even if it does not end. */
  hopeless?: RegExp;
}

/** The program did not begin to serve. */
export class NotStarted extends Error {}

/** Starts a program and waits until it listens. @throws Error with the end of its output */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { name, command, args, cwd, env, log, ports, timeout = 120_000, hopeless } = options;
  const { PATH = '' } = process.env;
  const child = spawn(command, args, { cwd, env: { PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      appendFileSync(log, text);
    });
  }
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(new Error(`${name} did not start: ${error.message}`)));
    child.once('exit', (code, signal) =>
      reject(new Error(`${name} ended with ${signal ?? code}:\n${lastLines(said, 25)}`)),
    );
  });
  failed.catch(() => undefined);
  const deadline = Date.now() + timeout;
  for (const port of ports) {
    while (!(await Promise.race([isListening(port), failed]))) {
      if (Date.now() > deadline || hopeless?.test(said)) {
        child.kill('SIGKILL');
        throw new NotStarted(`${name} does not listen on ${port}:\n${lastLines(said, 25)}`);
      }
      await pause(100);
    }
  }
  return { stop: () => stop(child), output: () => said };
}

const END_LIMIT = 8_000;

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), END_LIMIT);
  await ended;
  clearTimeout(killer);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
