/** The parts of an existing CA that are made again if the operator names them. */
export const MADE_ANEW = ['channel.key', 'seed', 'database'] as const;
export type MadeAnew = (typeof MADE_ANEW)[number];
