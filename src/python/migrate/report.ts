/** Receives a remark for the operator; the migration continues. */
export type Remark = (sentence: string) => void;

/** Reports the progress of a step. */
export type Progress = (what: string, done: number, total: number) => void;

/** Items of a kind migrated in this run and in earlier runs. */
interface Count {
  imported: number;
  already: number;
}

/** The result of a run. */
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

  /** The report as text: one line for each kind, then the remarks. */
  toString(): string {
    const width = Math.max(...[...this.counts.keys()].map((what) => what.length));
    const lines = [...this.counts].map(([what, { imported, already }]) => {
      const before = already > 0 ? `, ${already} migrated before` : '';
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
