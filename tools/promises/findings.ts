/**
 * Kinds of faults: a promise is lost; something unique exists twice; two statements or stored values
 * contradict each other; a response had no justification.
 */
export const FAULTS = ['lost', 'doubled', 'contradictory', 'unexpected'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Finding {
  fault: Fault;
  what: string;
}

export type Report = (fault: Fault, what: string) => void;
