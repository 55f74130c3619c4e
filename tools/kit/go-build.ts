/** A program of a Go module that is built from a modified copy of its source. */
export interface GoBuild {
  module: string;
  version: string;
  /** Folder of the program in the module; the module itself when absent. */
  folder?: string;
  program: string;
  tags?: string[];
  /** Arguments of `go mod edit`. */
  edit?: string[];
  /** Files to add to the published module, by path. */
  add?: Record<string, string>;
  /** Builds the program with the clock of `go-clock.ts`. */
  clock?: boolean;
}
