import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

export interface SmallDisk {
  readonly folder: string
  remount(how: 'ro' | 'rw'): void
}

/** A file system of its own with little room, where one may be mounted (root on Linux); `undefined` elsewhere. */
export function smallDisk(t: Test, size: string): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-disk-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  t.teardown(() => void execFileSync('umount', ['-l', folder], { stdio: 'ignore' }))
  return {
    folder,
    remount: how => void execFileSync('mount', ['-o', `remount,${how}`, folder], { stdio: 'ignore' }),
  }
}

/** Writes until nothing more fits; returns the file that takes the room. */
export function fill(folder: string): string {
  const path = join(folder, 'ballast')
  const fd = openSync(path, 'w')
  try {
    for (const piece of [Buffer.alloc(65_536), Buffer.alloc(4_096), Buffer.alloc(1)]) {
      try {
        while (writeSync(fd, piece) > 0);
      } catch {
        // full, at this size of a piece
      }
    }
  } finally {
    closeSync(fd)
  }
  return path
}
