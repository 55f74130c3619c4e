import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailed, run } from '../kit/command.js';
import { newFolder } from '../kit/folder.js';

/** This machine does not allow mounting a tmpfs. */
export class NotMountable extends Error {}

const LARGE = Buffer.alloc(1024 * 1024);
const SMALL = Buffer.alloc(4096);

/** A small disk in memory, which can be filled. */
export class Tmpfs {
  private constructor(
    private readonly folder: string,
    readonly path: string,
  ) {}

  /** @throws NotMountable with the reason */
  static async mount(megabytes: number): Promise<Tmpfs> {
    if (process.getuid?.() !== 0) throw new NotMountable('only root can mount a tmpfs');
    const folder = newFolder('disk');
    const path = join(folder, 'disk');
    await mkdir(path);
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', path]);
    } catch (error) {
      await rm(folder, { recursive: true });
      if (error instanceof CommandFailed) throw new NotMountable(error.message);
      throw error;
    }
    return new Tmpfs(folder, path);
  }

  /** Fills the disk to the last page; returns the function that frees the space. */
  async fill(): Promise<() => Promise<void>> {
    const ballast = join(this.path, 'ballast');
    const file = await open(ballast, 'a');
    try {
      for (const chunk of [LARGE, SMALL]) while (await fits(file.write(chunk)));
    } finally {
      await file.close();
    }
    return () => rm(ballast);
  }

  /** @param keep copies the files first; resolves with the path of the copy */
  async unmount(keep: boolean): Promise<string | null> {
    const copy = join(this.folder, 'copy');
    if (keep) await run('cp', ['-a', this.path, copy]);
    // Our own database readers may hold files until they are garbage-collected.
    await run('umount', ['--lazy', this.path]);
    if (keep) return copy;
    await rm(this.folder, { recursive: true });
    return null;
  }
}

/** False if the disk is full. */
async function fits(writing: Promise<{ bytesWritten: number }>): Promise<boolean> {
  try {
    await writing;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
