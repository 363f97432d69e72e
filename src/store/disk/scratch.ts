import { randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scratch, ScratchFile } from '../../ports/scratch.ts'
import { storeError } from '../failure/store-error.ts'

const WHAT = 'a list could not be kept on the disk'

/** Files of this folder that have no name: whatever ends the process, nothing of them is left. */
export function createScratch(folder: string): Scratch {
  return {
    async write(source) {
      const handle = await openNameless(folder)
      try {
        let size = 0
        for await (const chunk of source) {
          await writeFully(handle, chunk)
          size += chunk.length
        }
        return scratchFile(handle, size)
      } catch (error) {
        await handle.close().catch(() => {})
        throw error
      }
    },
  }
}

async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `scratch-${randomBytes(8).toString('hex')}`)
  try {
    const handle = await open(path, 'wx+', 0o600)
    await unlink(path)
    return handle
  } catch (error) {
    throw storeError(WHAT, error)
  }
}

async function writeFully(handle: FileHandle, chunk: Buffer): Promise<void> {
  try {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await handle.write(chunk, done)
      done += bytesWritten
    }
  } catch (error) {
    throw storeError(WHAT, error)
  }
}

function scratchFile(handle: FileHandle, size: number): ScratchFile {
  let holders = 1
  return {
    size,
    async read(buffer, position) {
      try {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
        return bytesRead
      } catch (error) {
        throw storeError('a list could not be read from the disk', error)
      }
    },
    hold() {
      holders += 1
    },
    close() {
      holders -= 1
      if (holders === 0) handle.close().catch(() => {})
    },
  }
}
