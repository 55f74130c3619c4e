/** Something an operator should know of; the migration went on. */
export type Remark = (sentence: string) => void;

/** Tells how far a step is. */
export type Progress = (what: string, done: number, total: number) => void;

/** How many of a kind came over in this run, and how many had before. */
export interface Count {
  imported: number;
  already: number;
}

/** What a run did. */
export class Report {
  readonly counts = new Map<string, Count>();
  readonly remarks: string[] = [];

  readonly remark: Remark = (sentence) => this.remarks.push(sentence);

  count(what: string, imported: boolean): void {
    const count = this.counts.get(what) ?? { imported: 0, already: 0 };
    if (imported) count.imported++;
    else count.already++;
    this.counts.set(what, count);
  }

  /** For people: one line a kind, then the remarks. */
  toString(): string {
    const width = Math.max(...[...this.counts.keys()].map((what) => what.length));
    const lines = [...this.counts].map(([what, { imported, already }]) => {
      const before = already > 0 ? `, ${already} had come over before` : '';
      return `  ${what.padEnd(width)}  ${imported}${before}`;
    });
    const remarks = this.remarks.map((sentence) => `  - ${sentence}`);
    return [
      'Came over:',
      ...(lines.length > 0 ? lines : ['  nothing']),
      ...(remarks.length > 0 ? ['To know:', ...remarks] : []),
      '',
    ].join('\n');
  }
}
