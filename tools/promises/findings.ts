/**
 * What can go wrong: something promised is gone; something that must be single is there twice; two things the server
 * said or keeps cannot both be true; an answer nothing justified.
 */
export const FAULTS = ['lost', 'doubled', 'contradictory', 'unexpected'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Finding {
  fault: Fault;
  what: string;
}

export type Report = (fault: Fault, what: string) => void;
