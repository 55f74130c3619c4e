import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Environment variable with the seconds by which a program built with this overlay is ahead of the real clock. */
export const GO_CLOCK_AHEAD = 'UPKI_CLOCK_AHEAD';

const NOW = '\tsec, nsec, mono := runtimeNow()\n';
const IMPORTS = 'import (\n';
const AHEAD = `
// Seconds that Now is ahead of the real clock.
var upkiAhead = func() (ahead int64) {
	text, _ := syscall.Getenv("${GO_CLOCK_AHEAD}")
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			return 0
		}
		ahead = ahead*10 + int64(digit-'0')
	}
	return ahead
}()
`;

/**
 * Go reads the time from the kernel, not from the C library, so libfaketime does not affect Go programs. This writes an overlay for
 * `go build -overlay` into the folder. The program's `time.Now` then adds the offset in its environment. Resolves with the overlay's path.
 * @throws Error if the standard library of this Go version differs
 */
export async function goClockOverlay(goRoot: string, folder: string): Promise<string> {
  const original = join(goRoot, 'src', 'time', 'time.go');
  const source = await readFile(original, 'utf8');
  if (source.split(NOW).length !== 2 || source.split(IMPORTS).length !== 2)
    throw new Error(`${original} is not as expected: time.Now cannot be replaced`);
  const patched = join(folder, 'time.go');
  const text = source
    .replace(IMPORTS, `${IMPORTS}\t"syscall"\n`)
    .replace(NOW, `${NOW}\tsec += upkiAhead\n`)
    .concat(AHEAD);
  await writeFile(patched, text);
  const overlay = join(folder, 'overlay.json');
  await writeFile(overlay, JSON.stringify({ Replace: { [original]: patched } }));
  return overlay;
}
