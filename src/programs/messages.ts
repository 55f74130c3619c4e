/** The message of a program to its supervisor: sent once, when it serves. */
export interface ReadyMessage {
  ready: Record<string, unknown>;
}

/** The messages of the supervisor to a program. */
export const STOP_MESSAGE = 'stop';
